"""Prompts and what must be understood of them, one a line.

Left of the bar the prompt; right of it, with spaces between: ``axis=value`` is wanted of the whole
film, ``2:axis=value`` of its second phase, ``!`` before an axis means refused, ``-`` means neither
wanted nor refused anywhere; ``axis=value<`` is asked for weakly, ``axis=value>`` strongly. Colours go
by name. ``seconds``, ``fps``, ``size``, ``phases``, ``title`` (with _ for spaces), ``language`` and
``n.thing`` are facts; ``unknown=word`` and ``note=word`` must be reported; ``unknown=`` means none.
"""

PROMPTS = """
# Subjects imply scene, colours, light.
a sunset | palette=sunset temperature=warm light=sun unknown=
waves at dawn | scene=sea motion=wave palette=dawn
northern lights over a frozen lake | scene=aurora palette=aurora scene=lake palette=ice
a galaxy with a black hole | scene=nebula palette=cosmos motion=swirl
snowy mountains | scene=snowfield palette=snow temperature=cold
foggy forest | weather=fog scene=forest
rainy night in the city | particles=rain palette=night scene=city brightness=dark
jellyfish glowing in the abyss | scene=underwater light=bloom palette=abyss
a field of lavender | palette=lavender scene=meadow
cherry blossoms | particles=petals palette=blossom
campfire with sparks | scene=fire particles=sparks temperature=hot
cyberpunk street in the rain | palette=neon scene=street weather=rain
volcano and lava | scene=volcano palette=lava
fireflies in a meadow | particles=fireflies scene=meadow
desert dunes | scene=desert palette=desert
city lights with bokeh | scene=city particles=bokeh
candlelight | light=candle temperature=warm
autumn leaves falling | palette=autumn particles=leaves motion=fall direction=down
gold dust | particles=dust light=bloom
smoke | texture=smoky scene=smoke
ink in water | texture=smoky
crystal | texture=crystalline light=reflections
liquid chrome | texture=liquid palette=chrome
silk | texture=silky palette=silk
a watercolour of the sea | texture=painterly scene=sea
# Colours.
crimson | colour=#dc143c
deep sky blue | colour=#00bfff
deepskyblue | colour=#00bfff
burnt sienna and ochre | colour=#d0623a colour=#c8892a
#ff8800 | colour=#ff8800
#F80 and #00ff0080 | colour=#ff8800 colour=#00ff00
dark red | colour=#8b0000
pale purple | colour=#bea8d4 brightness=bright
vivid green | saturation=vivid
reddish | colour=red<
teal and orange | grade=teal-orange
teal with gold | colour=teal colour=gold
grey | colour=grey saturation=grey
black and white | saturation=grey palette=mono
only blue | colour=blue>
nothing but gold | colour=gold>
GOLD | colour=gold
gray color | colour=grey
monochrome | saturation=grey
pastel colors | palette=pastel saturation=pastel
# Light, brightness, contrast, temperature.
bright | brightness=bright
very dark | brightness=dark>
pitch black | brightness=black
blinding light | brightness=blinding
dimly lit | brightness=dim
god rays | light=beams
backlit silhouettes | light=backlit
harsh light | light=hard contrast=high
soft lighting | light=soft
strobe | light=flicker
high contrast | contrast=high
low contrast | contrast=low
warm | temperature=warm
ice cold | temperature=cold
cool tones | temperature=cool
bright stars against a dark sky | brightness=dark contrast=high particles=stars
# Gradients, texture, depth, grade.
vertical gradient from blue to gold | gradient=vertical colour=blue colour=gold phases=0
radial gradient | gradient=radial
gradient left to right from red to blue | gradient=horizontal colour=red colour=blue phases=0
diagonal gradient | gradient=angled
conic gradient | gradient=conic
flat colour | gradient=flat
smooth | texture=smooth
shallow depth of field | depth=shallow-focus
parallax layers | depth=layered
out of focus | depth=blurred
film grain and a vignette | grade=grain grade=vignette
vintage 16mm | grade=vintage
sepia | grade=sepia
letterbox | grade=letterbox
vhs look | grade=vhs
film noir | grade=noir contrast=high
# Motion, direction, intensity, tempo.
swirling | motion=swirl
pulsing to the beat | motion=pulse
bubbles rising | particles=bubbles motion=rise direction=up
drifting to the left | motion=drift direction=left
from left to right | direction=right phases=0
upwards | direction=up
clockwise | direction=clockwise
explosion | motion=explode
hectic | intensity=frantic
gentle | intensity=calm
slow motion | tempo=very-slow
very slow | tempo=very-slow
fast paced | tempo=fast
120 bpm | tempo=fast n.bpm=120
slow, 60 bpm | n.bpm=60 tempo=slow
glitch | motion=glitch
motionless | motion=still
# Camera, shots, cuts, transitions.
slow zoom in | camera=zoom-in tempo=slow
zooming out | camera=zoom-out
pan left | camera=pan-left
panning to the right over hills | camera=pan-right scene=meadow
tilt up | camera=tilt-up
fly through a forest | camera=dolly-in scene=forest
handheld | camera=handheld
locked off shot | camera=static
aerial drone shot of an island | shot=aerial scene=island
macro | shot=macro
close-up of frost | shot=close palette=ice
wide shot | shot=wide
whip pans | transition=whip
cross dissolves | transition=dissolve
fade to black | transition=fade
one take | cuts=none
rapid cuts | cuts=rapid
five cuts | n.cuts=5 cuts=some
3 shots | n.shots=3 cuts=few
no cuts | cuts=none
# Shapes, particles and numbers of them.
three circles | shape=circle n.circle=3
three dark red circles on white | n.circle=3 colour=#8b0000 colour=white
a dozen stars | particles=stars n.stars=12
a pair of triangles | shape=triangle n.triangle=2
twenty-five hexagons | n.hexagon=25
2 spinning rings and 4 squares | n.ring=2 n.square=4 motion=spin
hundreds of sparks | particles=sparks n.sparks=200
two colours | n.colours=2
spiral grid | shape=spiral shape=grid
lots of snow | particles=snow>
a few stars | particles=stars<
hardly any stars | particles=stars<
confetti | particles=confetti
# Genre, mood, sound, titles.
epic movie trailer | genre=trailer mood=epic
lofi synthwave loop | genre=retro palette=neon
nature documentary | genre=nature
horror | mood=scary genre=horror brightness=dark
corporate explainer | genre=corporate
joyful | mood=happy
melancholic piano | mood=melancholy sound=pluck
silent | sound=none
ambient pads with wind sounds | sound=pad sound=wind
in a minor key | sound=minor
title "Hello World" | title=Hello_World title=title
kinetic typography “Go” and «Stop» | title=Go title=Stop title=kinetic
lower third 'Anna Lee' | title=Anna_Lee title=lower-third
titled Ocean Dreams in gold | title=Ocean_Dreams colour=gold
text that says hello world | title=hello_world
"a calm sea at sunset" | mood=calm scene=sea note=quoted
# Measures.
30 seconds of rain | seconds=30 weather=rain
30s | seconds=30
a 30-second loop | seconds=30
one minute | seconds=60
two and a half minutes | seconds=150
a minute and a half | seconds=90
2 min 30 s | seconds=150
half a minute | seconds=30
twenty five seconds | seconds=25
a couple of minutes | seconds=120
1.5 minutes | seconds=90
4k | size=3840x2160
1080p at 60 fps | size=1920x1080 fps=60
720p25? 24 frames per second | size=1280x720 fps=24
1920x1080 | size=1920x1080
1920 by 1080 pixels | size=1920x1080
640 × 360 | size=640x360
full hd | size=1920x1080
vertical video | size=1080x1920
4k vertical | size=2160x3840
calm sea, vertical | size=1080x1920 scene=sea
calm sea, square | size=1080x1080
9:16 | size=1080x1920
720p square | size=720x720
thirty frames per second | fps=30
three squares | n.square=3 size=none
vertical lines | shape=line size=none
# Negation.
no zoom | !camera=zoom
without any camera movement | camera=static
not calm | !mood=calm !intensity=calm intensity=lively
not a calm sea | !mood=calm
avoid fast cuts | !cuts=many
anything but red | !colour=red
avoid red, green and blue | !colour=red !colour=green !colour=blue
the sky isn't blue, it's orange | scene=sky !colour=blue colour=orange
without music but with rain sounds | !sound=drums sound=rain
no fast motion, no shaking, no flashing lights | !tempo=fast !motion=shake !light=flicker
sunset but no orange | palette=sunset !colour=orange
ocean without waves | scene=sea !motion=wave
everything except green | !colour=green
no longer dark | !brightness=dark
never bright | !brightness=bright brightness=dim
don't use red or green, use blue | !colour=red !colour=green colour=blue
without rain, snow or fog | !weather=rain !particles=snow !weather=fog
storm without rain | weather=storm !particles=rain -particles=rain
sunset, no sun | palette=sunset !light=sun
no rain and bright sun | !weather=rain brightness=bright light=sun
avoid zooms and pans | !camera=zoom !camera=pan
no zoom, slow pan over hills | !camera=zoom camera=pan scene=meadow
not red but gold | !colour=red colour=gold
not only red but also gold | colour=red colour=gold
not just calm | mood=calm
instead of blue, use gold | !colour=blue colour=gold
gold rather than silver | colour=gold !colour=silver
neither fast nor loud | !tempo=fast !sound=loud
nothing moves | motion=still
cloudless | !weather=cloudy
motion-free | motion=still
red is not allowed | !colour=red
zero circles | !shape=circle
zero cuts | cuts=none
no red circles | !colour=red !shape=circle
not without rain | weather=rain
no text | title=none
no music | !sound=drums !sound=pad
no sound | sound=none
no grain, no vignette | grade=clean
please do not zoom in | !camera=zoom-in
isn't dark | !brightness=dark
free of noise | texture=smooth
no doubt gold | colour=gold
fire, minus the smoke | scene=fire !texture=smoky
# Degree.
slightly blue | colour=blue<
extremely bright | brightness=bright>
a touch of gold | colour=gold<
very very fast | tempo=very-fast
a bit of fog | weather=fog<
barely moving | intensity=calm
incredibly dark | brightness=dark>
somewhat warm | temperature=warm<
not too fast | tempo=moderate !tempo=fast
not very bright | brightness=medium
brighter | brightness=bright>
darkest | brightness=dark>
heavy snow | particles=snow>
light rain | particles=rain<
completely still | motion=still>
subtle vignette | grade=vignette<
# Sequence.
starts slow, then explodes into gold, ends calm | phases=3 1:tempo=slow 2:colour=gold 3:mood=calm
it starts calm and then it explodes | phases=2 1:mood=calm 2:motion=explode
first calm, then storm, finally gold | phases=3 1:mood=calm 2:weather=storm 3:colour=gold
the sea becomes gold | phases=2 scene=sea 2:colour=gold
night turns into day | phases=2 1:palette=night 2:palette=day
blue → gold → red | phases=3 1:colour=blue 2:colour=gold 3:colour=red
blue -> gold | phases=2 1:colour=blue 2:colour=gold
from dark to bright | phases=2 1:brightness=dark 2:brightness=bright
day to night | phases=2 1:palette=day 2:palette=night
calm before the storm | phases=2 1:mood=calm 2:weather=storm
after a storm, golden light | phases=2 1:weather=storm 2:palette=golden-hour
It starts dark. Then it becomes bright. | phases=2 1:brightness=dark 2:brightness=bright
Calm sea. Then a storm. | phases=2 1:mood=calm 2:weather=storm
A forest at night: starts slow, then fast | scene=forest palette=night 1:tempo=slow 2:tempo=fast
starts slow | phases=2 1:tempo=slow
ends calm | phases=2 2:mood=calm
ends calm but starts wild | phases=2 1:intensity=strong 2:mood=calm
slow, then fast, no zoom | phases=2 !camera=zoom 2:tempo=fast
rain followed by sunshine | phases=2 1:weather=rain 2:light=sun
slow, then gold, vintage look | phases=2 grade=vintage
10 seconds of rain, then 20 seconds of sun | phases=2 seconds=30 1:weather=rain 2:light=sun
starts slow, then gold, 30 seconds | phases=2 seconds=30
for the first 5 seconds dark, then bright, 20 seconds | phases=2 seconds=20
after 5 seconds it becomes gold, 20 seconds | phases=2 seconds=20 2:colour=gold
dawn gives way to day, then night | phases=3 1:palette=dawn 2:palette=day 3:palette=night
3 seconds black, 4 seconds white, 3 seconds red | phases=3 seconds=10 1:colour=black 3:colour=red
the first half is dark, the second half is bright | 1:brightness=dark 2:brightness=bright
blue in the beginning, red in the middle, gold at the end | 1:colour=blue 2:colour=red 3:colour=gold
slow at first, then fast | phases=2 1:tempo=slow 2:tempo=fast
hold on a lake for ten seconds then a burning city | phases=2 seconds=20 1:scene=lake 2:scene=fire
waves throughout, slow, then fast | phases=2 motion=wave 1:tempo=slow 2:tempo=fast
gold before it fades to black | phases=2 1:colour=gold 2:transition=fade
a seed grows into a forest | phases=2 2:scene=forest
silence until an explosion | 1:sound=none 2:motion=explode
big red square in the middle | phases=0 shape=square colour=red size=none
calm → storm → calm | phases=3 1:mood=calm 2:weather=storm 3:mood=calm
next to a river | phases=0 scene=river
# Whole requests as people write them.
a nebula. The camera slowly zooms out. No text. | scene=nebula tempo=slow camera=zoom-out title=none
logo reveal "ACME" gold on black, 5 seconds | genre=logo title=ACME colour=gold seconds=5
a happy birthday with confetti, 15s, vertical | mood=happy particles=confetti seconds=15 size=1080x1920
calm but not boring, never too bright | mood=calm !brightness=bright unknown=boring
pulsing to a 128 bpm techno beat | motion=pulse n.bpm=128 sound=drums
three floating black spheres on white | n.circle=3 motion=float colour=black colour=white
snow falls upwards | particles=snow direction=up
low-poly triangles, 1:1, 10 sec, 30 fps | shape=triangle size=1080x1080 seconds=10 fps=30
color: teal; camera: static; duration: 12s | colour=teal camera=static seconds=12
the 80s, synthwave | genre=retro seconds=none
in the style of Van Gogh | texture=painterly
waves against cliffs, desaturated, 21:9 | scene=mountains saturation=muted size=2520x1080
# Contradictions.
bright dark | brightness=dark note=contradict
slow and fast | tempo=fast note=contradict
zoom in, zoom out | note=contradict
happy, sad | note=contradict
static camera with a pan | note=contradict
red but no red | note=refused
# Impossible, hostile, foreign.
0 seconds | seconds=none note=0
10 hours | seconds=none note=length
1x1 | size=none note=1x1
20000x20000 | size=none note=20000x20000
1000 fps | fps=none note=1000
flurbish wobblewock | unknown=flurbish unknown=wobblewock
<b>calm</b> &amp; **gold** | mood=calm colour=gold unknown=
🌊🔥 | scene=sea scene=fire unknown=
🦷 | unknown=🦷
mar azul muy tranquilo | language=es mood=calm>
un bosque oscuro, sin lluvia | language=es scene=forest brightness=dark !weather=rain
la mer au coucher de soleil, sans nuages | language=fr scene=sea palette=sunset !weather=cloudy
ein ruhiges Meer bei Nacht, kein Regen | language=de scene=sea mood=calm palette=night !weather=rain
тихое море | language=ru unknown=море
静かな海 | language=ja
""".strip().splitlines()
