"""How things move, where to, how much and how fast."""

from __future__ import annotations

from farm_procedural.interpret.concept import concept as _

CONCEPTS = (
    # Kinds of motion.
    _("motionless", "motionless, still life, freeze, frozen in time, unmoving, immobile, "
      "freeze frame,nothing moves, standing still, perfectly still, no motion, no movement, "
      "without motion,without movement, still image, inert, paused, standstill",
      "motion=still intensity=still tempo=very-slow@0.4"),
    _("motion", "motion, movement, movements, moving, move, moves, animated",
      "intensity=moderate@0.6",
      "motion=still intensity=still"),
    _("drift", "drift, drifts, drifting, gliding, glide, glides, slide, sliding, adrift, wander,"
      "wandering, meander, meandering, hover, hovering", "motion=drift intensity=calm@0.5"),
    _("float", "float, swim, swimming, floating, floats, weightless, levitate, levitating, "
      "levitation, suspended, bobbing,buoyant, airborne, in the air, feather light, "
      "weightlessness",
      "motion=float intensity=calm@0.5"),
    _("flow", "flow, flowing, flows, streaming, run, running, rivers of, pour, pouring, fluid, "
      "fluidly,current, currents, flux, stream of, flow field, flow noise, flowing lines, "
      "ribbons, ribbon",
      "motion=flow"),
    _("wave motion", "undulating, undulate, undulation, rolling, sway, swaying, waving, "
      "rocking, ripple motion,wavy motion, oscillating, oscillate, swinging, swing, pendulum",
      "motion=wave"),
    _("swirl", "swirl, swirls, swirling, whirl, whirling, vortex, twirl, twirling, eddy, "
      "eddies, spiralling,spiraling, curling, curl, whirlpool, turbulent, turbulence, swirly, "
      "twisting, twist, churning,turmoil, coil",
      "motion=swirl"),
    _("spin", "spin, spinning, spins, revolve, revolving, gyrate, carousel, rotating shapes, "
      "wheel, turbine,turntable, rotating circles, turns around, turning around, turns slowly, "
      "turning slowly,propeller, pirouette",
      "motion=spin"),
    _("orbit", "orbit, orbiting, orbits, circling, circle around, planetary motion, revolves "
      "around,circulating",
      "motion=orbit"),
    _("pulse", "pulse, pulsing, pulses, pulsating, pulsate, throb, throbbing, beat, beating, "
      "heartbeat,heart beat, rhythmic, rhythm, rhythmical, to the beat, on the beat, pump, "
      "pumping, throbs",
      "motion=pulse sound=drums@0.4"),
    _("breathe", "breathe, breathing, breathes, breath, inhale, exhale, respiration, slow pulse",
      "motion=breathe intensity=calm tempo=slow"),
    _("rise", "rise, rising, rises, ascend, ascending, ascends, climb, climbing, soar, soaring, "
      "lift off,going up, upward motion, levitating up, takeoff, float up, floating up, drift "
      "up, drifting up,rise up, rising up, ascent, float upward, floating upward, floating "
      "upwards, drifting upward",
      "motion=rise direction=up@0.9"),
    _("fall", "falling, falls, fall, falls down, fall down, descend, descending, descends, "
      "sink, sinking, drop down,tumble, tumbling, plunge, plunging, rain down, raining down, "
      "going down, dripping, drip, cascading,falling down, drips, sinks, descent, drifting "
      "down, floating down, drift down, float down",
      "motion=fall direction=down@0.9"),
    _("explode", "explode, explodes, exploding, explosion, explosions, explosive, burst, "
      "bursts, bursting,erupt, erupting, erupts, blast, big bang, shatter, shattering, "
      "shatters, detonation, detonate,bang, blow up, blows up, outburst, scatter, scattering, "
      "explodes into, bursts of, exploding into,explode into, blasts",
      "motion=explode intensity=strong direction=out@0.6"),
    _("implode", "implode, implosion, imploding, collapse, collapsing, collapses, contract, "
      "contracting,sucked in, converge, converging, converges, gather, gathering, implodes",
      "motion=implode direction=in@0.7"),
    _("grow", "grow, growing, grows, expand, expanding, expands, unfold, unfolding, swell up, "
      "enlarge,blossoming, sprout, sprouting, spread, spreading, expansion, opening up, unfurl, "
      "unfurling, blooming",
      "motion=grow direction=out@0.5"),
    _("shrink", "shrink, shrinking, shrinks, dwindle, dwindling, vanish, vanishing, wither, "
      "disappear,disappearing, recede, receding, becomes smaller",
      "motion=shrink"),
    _("bounce", "bounce, bouncing, bounces, bouncy, jump, jumping, jumps, spring back, springy, "
      "hop, hopping,elastic, rebound, jumpy, jelly, wobble, wobbling",
      "motion=bounce intensity=lively mood=playful@0.5"),
    _("shake", "shake, shaking, shakes, tremble, trembling, vibrate, vibrating, vibration, "
      "quake, earthquake,jitter, jittery, jittering, rattle, quiver, shiver, shivering, rumble, "
      "rumbling, tremor",
      "motion=shake"),
    _("flicker", "flicker, flickers, flickering, twinkle, twinkling, twinkles, scintillating, "
      "blink, blinks",
      "motion=flicker light=flicker@0.7"),
    _("glitch", "glitch, glitches, glitchy, glitching, datamosh, datamoshing, corrupted, "
      "broken signal,distorted, distortion, static noise, scrambled, interference, pixelated, "
      "pixelation",
      "motion=glitch mood=futuristic@0.4 grade=vhs@0.4"),
    _("morph", "morph, morphs, morphing, metamorphosis, transform, transforms, transforming, "
      "shapeshifting,transformation, mutate, mutating, shape shifting, evolve, evolves, "
      "evolving, ever changing,everchanging, changing shapes, always changing",
      "motion=morph"),
    _("dance", "dance, dancing, dances, dancer, ballet, waltz, tango, choreography",
      "motion=wave motion=pulse@0.6 intensity=lively mood=playful@0.4"),
    _("fly", "fly, flying, flies, flight, winged, wings", "motion=float camera=dolly-in@0.5"),
    _("race", "race, racing, chase, chasing, speeding, hurtling, whoosh, sprint, dash across, "
      "velocity",
      "intensity=strong tempo=fast@0.8 motion=flow@0.6 camera=dolly-in@0.4"),
    _("loop", "loop, looping, loopable, seamless loop, infinite loop, perpetual",
      "genre=ambient@0.7"),
    _("timelapse", "timelapse, time lapse, hyperlapse, fast forward, sped up, speed up",
      "tempo=fast motion=flow@0.4"),
    _("slow motion", "slow motion, slowmotion, slow mo, slomo, slo mo, bullet time, slowed "
      "down, in slow motion",
      "tempo=very-slow intensity=calm@0.7"),
    # Directions.
    _("to the right", "to the right, rightward, rightwards, from left to right, left to right, "
      "moving right,move right, moves right, eastward, going right, drifting right, flowing "
      "right, from the left,right, rightbound, heading right, moves to the right, moving to "
      "the right",
      "direction=right"),
    _("to the left", "to the left, leftward, leftwards, from right to left, right to left, "
      "moving left,move left, moves left, westward, going left, drifting left, flowing left, "
      "from the right, left,leftbound, heading left, moves to the left, moving to the left",
      "direction=left"),
    _("up", "upward, upwards, up, skyward, from bottom to top, bottom to top, moving up, move "
      "up, skywards,moves up, from below upward, northward, moving upward, moving upwards, "
      "moves upward",
      "direction=up"),
    _("down", "downward, downwards, down, from top to bottom, top to bottom, moving down, move "
      "down,earthward, moves down, southward, moving downward, moving downwards, moves downward",
      "direction=down"),
    _("up right", "up right, up and right, to the upper right, upper right, up to the right,"
      "towards the upper right, bottom left to top right", "direction=up-right"),
    _("up left", "up left, up and left, to the upper left, upper left, up to the left,"
      "bottom right to top left", "direction=up-left"),
    _("down right", "down right, to the lower right, lower right, down to the right, down and "
      "right,top left to bottom right, diagonally, diagonal motion, diagonal movement",
      "direction=down-right@0.75"),
    _("down left", "down left, to the lower left, lower left, down to the left, down and left,"
      "top right to bottom left", "direction=down-left"),
    _("inward", "inward, inwards, towards the centre, to the centre, toward the centre, into "
      "the centre,centripetal",
      "direction=in"),
    _("outward", "outward, outwards, from the centre, away from the centre, out of the centre, "
      "from the middle,centrifugal, radiating, radiate, emanating, radiates",
      "direction=out"),
    _("clockwise", "clockwise", "direction=clockwise"),
    _("counter-clockwise", "counter clockwise, counterclockwise, anticlockwise, anti clockwise",
      "direction=counter-clockwise"),
    # How much.
    _("still", "still, stillness, static picture, quiet picture",
      "intensity=still@0.85 motion=still@0.6 mood=calm@0.5"),
    _("gentle", "gentle, gently, soft motion, tender, tenderly, slow moving, light motion, "
      "minimal motion,subtle motion, subtle movement, tranquil motion, softly, smoothly, "
      "gentle motion, gentle movement,unhurried, leisurely, barely moving, little motion, "
      "minimal movement",
      "intensity=calm tempo=slow@0.7",
      "intensity=strong"),
    _("moderate", "moderate motion, moderate movement, normal speed, medium speed, steady, "
      "steadily, even pace,moderate, moderate pace, walking pace, medium pace, constant speed",
      "intensity=moderate tempo=moderate@0.85"),
    _("lively", "lively, alive, dynamic, dynamically, vivacious, spirited, active, animated "
      "motion, brisk motion,full of life, busy, bustling, movement heavy, agile",
      "intensity=lively",
      "intensity=calm"),
    _("powerful", "powerful motion, forceful, force, power, mighty, violent, violently, fierce, "
      "ferocious, wild,wildly, raging, furious motion, roaring, strong motion, strong movement, "
      "aggressive motion, intensity,high intensity, intense motion, full force, untamed",
      "intensity=strong",
      "intensity=calm"),
    _("frantic", "frantic, frantically, frenetic, hectic, frenzied, frenzy, manic, crazy "
      "motion, breakneck,hyperactive, over the top, mayhem, pandemonium, mad, madness",
      "intensity=frantic tempo=very-fast@0.85",
      "intensity=calm"),
    # How fast.
    _("very slow", "very slow, very slowly, extremely slow, glacial, super slow, glacially, "
      "ultra slow, extremely slowly,snail pace, largo, grave, barely moves",
      "tempo=very-slow intensity=calm@0.75",
      "tempo=moderate"),
    _("slow", "slow, slowly, slowness, lazy, lazily, sluggish, slow paced, slow pace, adagio, "
      "slow tempo, languid,low speed, slowing, slow down, slows down, slowing down, andante, "
      "lento, sleepy, gradual, gradually, slows",
      "tempo=slow intensity=calm@0.7",
      "tempo=fast intensity=lively@0.7"),
    _("fast", "fast, quick, quickly, rapid, rapidly, swift, swiftly, speedy, speed, fast paced, "
      "fast pace, brisk,high speed, allegro, upbeat tempo, up tempo, uptempo, rush, rushing, "
      "rushes, accelerate, accelerating,hurried, hasty, fast moving, quick motion, fast motion, "
      "speeds up, fast tempo",
      "tempo=fast intensity=lively@0.75",
      "tempo=slow intensity=calm@0.7"),
    _("very fast", "very fast, breathtakingly fast, lightning fast, extremely fast, super fast, "
      "hyperspeed, warp speed,presto, ultra fast, very quick, very quickly, light speed, "
      "hyperspace, extremely quick, vivace, blazingly fast",
      "tempo=very-fast intensity=strong@0.75",
      "tempo=moderate intensity=moderate@0.7"),
)  # fmt: skip
