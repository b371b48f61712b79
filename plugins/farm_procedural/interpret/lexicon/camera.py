"""The camera, the size of the picture in the frame, cuts and transitions."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    _("static camera", "static camera, fixed camera, locked camera, tripod, locked off, static "
      "shot,still camera, no camera movement, no camera motion, camera is still, camera stays "
      "still,camera does not move, camera doesn't move, fixed shot, static, locked down, "
      "stationary camera,camera is static, camera is fixed, stationary, camera stands still, "
      "camera never moves",
      "camera=static"),
    _("camera movement", "camera movement, camera movements, camera motion, moving camera, "
      "camera moves,moving shot, camera work, camera move",
      "camera=dolly@0.6 camera=pan@0.5",
      "camera=static"),
    _("zoom in", "zoom in, zooming in, zooms in, push in, pushing in, zoom into, zooming into, "
      "zooms into,crash zoom, closing in, moves in, pushes in, zoom inward, move "
      "closer, gets closer",
      "camera=zoom-in"),
    _("zoom out", "zoom out, zooming out, zooms out, pull out, pulling out, zoom outward, "
      "pulls out,reveals the whole, moves away, move away, pull away, widens",
      "camera=zoom-out"),
    _("zoom", "zoom, zooms, zooming, zoomed", "camera=zoom"),
    _("dolly zoom", "dolly zoom, vertigo effect, zolly", "camera=dolly-in camera=zoom-out@0.9"),
    _("pan left", "pan left, panning left, pans left, pan to the left, panning to the left,"
      "pans to the left, camera left, slides left, pan leftward, truck left, tracks left,"
      "camera moves left, camera moves to the left, leftward pan", "camera=pan-left"),
    _("pan right", "pan right, panning right, pans right, pan to the right, panning to the right,"
      "pans to the right, camera right, slides right, pan rightward, truck right, tracks right,"
      "camera moves right, camera moves to the right, rightward pan", "camera=pan-right"),
    _("pan", "pan, pans, panning, panned, sweeping shot, sweep across, lateral, sideways "
      "camera,tracking shot, tracking, trucking, travelling shot, traveling shot, camera pan",
      "camera=pan"),
    _("tilt up", "tilt up, tilting up, tilts up, crane up, camera rises, pedestal up, camera "
      "moves up,boom up, looks up, camera up, tilt upward",
      "camera=tilt-up"),
    _("tilt down", "tilt down, tilting down, tilts down, crane down, camera descends, pedestal "
      "down,camera moves down, boom down, looks down, camera down, tilt downward",
      "camera=tilt-down"),
    _("tilt", "tilt, tilts, tilting, crane shot, crane, camera tilt, jib", "camera=tilt"),
    _("rotate left", "rotate left, rotating left, rotates left, rotate counter clockwise,"
      "rotate counterclockwise, rotate anticlockwise, camera rolls left, roll left, turns left,"
      "turning left, turn left, rotates counterclockwise, rotates counter clockwise,"
      "rotating counterclockwise", "camera=rotate-left"),
    _("rotate right", "rotate right, rotating right, rotates right, rotate clockwise, rotates "
      "clockwise,rotating clockwise, camera rolls right, roll right, turns right, turning "
      "right, turn right",
      "camera=rotate-right"),
    _("rotate", "rotate, rotates, rotating, rotation, roll camera, barrel roll, camera roll, "
      "dutch roll,camera rotation, rotating camera, camera rotates",
      "camera=rotate"),
    _("dolly in", "dolly in, dollying in, dolly forward, fly through, flying through, fly into, "
      "fly in,flythrough, flight through, travel through, travelling through, traveling "
      "through, glide through,moving forward, move forward, moves forward, forward motion, "
      "gliding through, journey through,walk through, walking through, camera glides, gliding "
      "forward, through the tunnel, drive through,driving through, drifting through, ride "
      "through, glides over, glides through, gliding camera",
      "camera=dolly-in depth=layered@0.5"),
    _("dolly out", "dolly out, dolly back, pull back, pulling back, pulls back, moving backward,"
      "moving backwards, move backward, backward motion, retreat, fly out", "camera=dolly-out"),
    _("dolly", "dolly, dolly shot, steadicam, gimbal, dollying, parallax camera, glidecam",
      "camera=dolly"),
    _("handheld", "handheld, hand held, shaky cam, shaky camera, camera shake, shaky, wobbly "
      "camera,documentary camera, found footage, camera shakes, shaking camera",
      "camera=handheld"),
    _("orbit camera", "orbit shot, orbiting camera, camera orbits, camera circles, circling camera,"
      "orbital camera, arc shot, around the subject, circling around, 360 shot, 360 degrees",
      "camera=orbit"),
    # Shots.
    _("wide shot", "wide shot, wide, wide angle, establishing shot, long shot, extreme wide "
      "shot,wide view, panoramic, full shot, master shot, total, ultra wide shot, far shot",
      "shot=wide"),
    _("medium shot", "medium shot, mid shot, waist shot, half close", "shot=medium"),
    _("close up", "close up, closeup, close ups, close shot, close, tight shot, near view, up "
      "close,detail shot, details, closely, close in",
      "shot=close"),
    _("macro", "macro, extreme close up, microscopic, microscope, macro shot, macro lens, micro,"
      "extreme closeup", "shot=macro depth=shallow-focus@0.7"),
    _("aerial", "aerial, drone, drone shot, bird's eye, birds eye, birds eye view, bird's eye "
      "view,from above, flyover, fly over, flying over, flies over, overflight, helicopter, "
      "from the air,seen from above, flight over, soaring over, gliding over, drone footage, "
      "aerial shot, aerial view",
      "shot=aerial camera=dolly-in@0.5 depth=deep@0.4"),
    _("top down", "top down, topdown, overhead, straight down, overhead shot, top view, flat lay,"
      "plan view", "shot=top-down"),
    _("low angle", "low angle, worm's eye, worms eye view, from below, looking up, low shot, "
      "frog view,from the ground, ground level",
      "shot=low-angle"),
    # Transitions.
    _("cut", "hard cut, hard cuts, straight cut, straight cuts, jump cut, jump cuts, smash cut, "
      "cutaway,smash cuts",
      "transition=cut cuts=some@0.6"),
    _("dissolve", "dissolve, dissolves, cross dissolve, crossfade, crossfades, cross fade, "
      "cross fades,soft transition, soft transitions, smooth transition, smooth transitions, "
      "dissolving, lap dissolve,blend between, blending, gentle transitions, seamless "
      "transitions, seamless transition",
      "transition=dissolve"),
    _("wipe", "wipe, wipes, wiping, star wipe, clock wipe, wipe transition, swipe, swipes",
      "transition=wipe"),
    _("fade", "fade, fades, fading, fade in, fade out, fade to black, fades to black, fade "
      "from black,fades out, fades in, fading out, fading in, fade to white, dip to black, "
      "fading to black,fade transitions",
      "transition=fade"),
    _("match cut", "match cut, match cuts, match shape, match shapes, match transition, "
      "graphic match,shape match, matching shapes",
      "transition=match"),
    _("whip", "whip, whip pan, whip pans, swish pan, swish, whip transition, whip transitions,"
      "fast pan transition, whippan", "transition=whip"),
    # Cuts.
    _("one take", "one take, one shot, single shot, single take, continuous shot, uncut, oner,"
      "long take, unbroken shot, continuous take, one long take, one continuous shot, no cuts,"
      "without cuts, without a cut, in one go, plan sequence, without any cuts, no cutting, "
      "one long shot",
      "cuts=none"),
    _("cuts", "cut, cuts, edit, edits, cutting, editing, edited, montage",
      "cuts=some@0.85 transition=cut@0.5",
      "cuts=none"),
    _("few cuts", "few cuts, long shots, long takes, slow editing, slow cuts, rare cuts, long "
      "scenes,very few cuts, slow paced editing, a few cuts",
      "cuts=few"),
    _("many cuts", "many cuts, lots of cuts, fast cuts, quick cuts, quick cutting, fast "
      "cutting,fast editing, many shots, quick edits, fast edits, short shots, quick montage, "
      "fast montage,dynamic editing, lots of edits, a lot of cuts, frequent cuts, fast paced "
      "editing",
      "cuts=many"),
    _("rapid cuts", "rapid cuts, rapid fire, rapid cutting, rapid montage, rapid editing, "
      "machine gun cuts,frenetic cuts, frantic cuts, stroboscopic cuts, very fast cuts, hyper "
      "cuts, rapid edits,extremely fast cuts, super fast cuts",
      "cuts=rapid intensity=frantic@0.4"),
    _("shots", "shot list, several shots, multiple shots, multiple scenes, several scenes, "
      "many scenes,different scenes",
      "cuts=some"),
    _("transitions", "transitions, transition",
      "cuts=some@0.6 transition=dissolve@0.4",
      "cuts=none"),
)  # fmt: skip
