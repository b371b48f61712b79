"""What the pixels of a film must show, one prompt a line.

Left of the bar the prompt; right of it what a person expects to see, all of it. A check is
``name<number``, ``name>number`` or ``name=value``; ``first.``, ``middle.`` and ``last.`` before it
mean that part of the film only. Names:

- ``hue=red`` most of the colour is red; ``has=red`` a good part is; ``lacks=red`` hardly any is;
- ``bright`` mean luma, ``top`` what only 5 % of the pixels are lighter than, ``sat`` saturation,
  ``warm`` -1 cold to 1 warm, ``contrast`` standard deviation of luma;
- ``motion`` 0 still, 0.5 lively, 1 frantic; ``dir=left`` where things move to; ``zoom`` growth per
  second; ``spin`` degrees per second whichever way round; ``unrest`` jumps of the light;
- ``grad=radial`` the large forms; ``inward`` 1 when a round one is lighter in its middle;
  ``balance`` light of the upper half minus that of the lower;
- ``cuts``, ``seconds``, ``fps``, ``width``, ``height``, ``tall`` (height over width), ``bpm`` pulse;
- ``specks`` share of small light points, ``grain`` noise of flat places in levels, ``blobs``
  separate light (or, ``holes``, dark) shapes, ``bars`` share of black rows at top and bottom.

``for=12`` is no check but the job's length in seconds. A job is three seconds of 192 x 108 at 24
frames per second, except that what a check says of length, size or rate is left to the words.
The lines were written before any film of theirs was looked at; when one does not hold, it is the
engine that has to be mended.
"""

TRUTH = """
# One colour.
red | hue=red sat>0.15
a deep crimson field of light | hue=red
burnt orange silk | hue=orange
bright yellow abstract | hue=yellow bright>0.45
golden light | hue=gold warm>0.5
emerald green flowing light | hue=green
a turquoise haze | hue=teal
cyan waves of light | hue=cyan
navy blue | hue=blue bright<0.35
royal blue velvet | hue=blue
indigo dreams | hue=indigo
a violet fog | hue=purple
purple, abstract | hue=purple
hot pink | hue=pink
magenta haze | hue=magenta
chocolate brown | hue=brown bright<0.45
#00a86b | hue=green
a wall of #3050ff | hue=blue
the colour of lavender | hue=purple
mint green pastel | hue=mint bright>0.5
coral | hue=coral
rust | hue=brown
rose | hue=pink
lime | hue=lime
# Greys.
black | bright<0.15 sat<0.1
pure white | bright>0.7 sat<0.12
grey | sat<0.08 bright>0.15 bright<0.8
black and white clouds | sat<0.05
a monochrome forest | sat<0.15
# Several colours.
teal and orange | has=teal has=orange
blue and gold | has=blue has=gold
red and black | hue=red bright<0.35
pink and purple clouds | lacks=green has=pink has=purple
green and yellow abstract | has=green has=yellow
a gradient from red to blue | has=red has=blue
magenta and cyan neon | has=magenta has=cyan sat>0.2
white and blue ice | has=blue bright>0.4
a rainbow of colours | has=red has=green has=blue
purple with a hint of gold | hue=purple
# Colours that must not be.
anything but red | lacks=red
no blue, abstract light | lacks=blue
a sunset without any purple | lacks=purple warm>0
flowers, but not pink | lacks=pink
no green, a warm flow | lacks=green warm>0
a sea that is not blue | lacks=blue
avoid yellow and orange | lacks=yellow lacks=orange
a forest, no green please | lacks=green
no colour at all | sat<0.06
colourful but no magenta | lacks=magenta sat>0.15
# Brightness and contrast.
very dark | bright<0.2
dark blue night | bright<0.3 hue=blue
pitch black with a faint glow | bright<0.15
dim candle light | bright<0.35 warm>0.2
bright | bright>0.5
extremely bright white light | bright>0.7
a bright sunny day | bright>0.45
blinding | bright>0.6
not dark | bright>0.35
not bright | bright<0.5
neither dark nor colourful | bright>0.3 sat<0.25
moonlit night | bright<0.35 warm<0.1
high contrast black and white | contrast>0.18 sat<0.05
low contrast, soft grey | contrast<0.14 sat<0.1
a slightly dark room | bright<0.45
darkness | bright<0.2
a silhouette against a bright sky | contrast>0.12 top>0.6
high key white studio | bright>0.6
# Saturation and temperature.
vivid colours | sat>0.3
extremely saturated red | sat>0.4 hue=red
muted blue | hue=blue sat<0.35
desaturated forest | sat<0.2
pastel | bright>0.5 sat<0.45
soft pastel pink | hue=pink bright>0.5
warm light | warm>0.3
cold light | warm<-0.1
icy | warm<-0.1 bright>0.35
a warm cosy evening | warm>0.2
not warm | warm<0.2
sepia memories | hue=sepia sat<0.5
washed out colours | sat<0.3
neon colours | sat>0.25
# How much moves.
completely still | motion<0.04
a still lake, frozen in time | motion<0.08
motionless red | motion<0.04 hue=red
very slow drifting light | motion<0.2
calm | motion<0.3
serene and quiet | motion<0.3
a gentle breeze of colour | motion<0.35
slow | motion<0.3
fast | motion>0.35
extremely fast, frantic lights | motion>0.5
chaotic and violent explosion | motion>0.4
energetic, dynamic | motion>0.35
not calm | motion>0.3
not fast | motion<0.4
no motion | motion<0.04
hectic, racing stripes of light | motion>0.4
meditation, almost still | motion<0.15
slow motion silk | motion<0.3
turbulent storm clouds | motion>0.25
rushing through a tunnel of light | motion>0.35
# Where to.
drifting to the left | dir=left
clouds moving right | dir=right
flowing upwards | dir=up
falling down slowly, abstract | dir=down
wind from the left, blue haze | dir=right
everything rises | dir=up
flows from right to left | dir=left
sliding to the right, fast | dir=right motion>0.3
snow falling | dir=down
rising bubbles | dir=up
rain, heavy | dir=down motion>0.15
embers rising in the dark | dir=up bright<0.35
diagonal movement to the upper right | dir=45
waterfall | dir=down
# The camera.
zoom in on a cloud | zoom>0.01
slow zoom in, forest | zoom>0.004
fast zoom in, nebula | zoom>0.04
zoom out from the mountains | zoom<-0.004
zooming out quickly, abstract clouds | zoom<-0.02
camera pans right over hills | dir=left
pan to the left across a desert | dir=right
tilt up from the forest to the sky | dir=down
camera rotates, clouds | spin>1.5
static camera, no zoom, clouds | zoom<0.01 zoom>-0.01 spin<1
handheld camera in a forest | motion>0.05
no camera movement, still | motion<0.05
# Gradients.
a radial gradient | grad=radial
a vertical gradient of blue | grad=vertical hue=blue
a horizontal gradient, still | grad=horizontal motion<0.05
a diagonal gradient | grad=angled
a conic gradient, pink and blue | grad=conic
a diamond gradient | grad=diamond
radial gradient, white centre on black | grad=radial inward=1
a glow in the middle of darkness | inward=1 bright<0.35
smooth linear gradient from left to right, green | grad=horizontal hue=green
gradient from top to bottom, orange to purple | grad=vertical has=orange has=purple
an angled gradient in teal | grad=angled hue=teal
a vertical gradient, dark below and light above | grad=vertical balance>0.1
# Cuts.
three cuts | for=6 cuts=3
one cut, in a forest | for=4 cuts=1
no cuts, mountains at dawn | for=12 cuts=0
a single take of the sea | for=12 cuts=0
action trailer with fast cuts | for=10 cuts>2
rapid cutting, neon city | for=8 cuts>2
five cuts, music video | for=8 cuts=5
only dissolves, no hard cuts, meadows | for=12 cuts=0
one long uncut shot of clouds | for=10 cuts=0
avoid fast cuts, a documentary about a desert | for=12 cuts<4
slow meditation on water | for=10 cuts<3
two cuts between sea and desert | for=6 cuts=2
# Length, rate and size.
a blue sea, 2 seconds | seconds=2 hue=blue
half a second of light | seconds=0.5
one and a half seconds of rain | seconds=1.5
a five second forest | seconds=5
1500 ms of fog | seconds=1.5
a quarter of a minute of slow fog | seconds=15
vertical video of a waterfall, 1 second | tall>1.5 seconds=1
a square picture, 1 second | tall=1
320x180, one second, red | width=320 height=180 hue=red
portrait format, half a second of sunset | tall>1.2
widescreen, half a second of sea | tall<0.6
# Sequences.
starts dark, ends bright | first.bright<0.3 last.bright>0.45
starts bright, then fades to black | first.bright>0.4 last.bright<0.2
from red to blue | first.hue=red last.hue=blue
starts slow, ends fast | for=6 first.motion<0.3 last.motion>0.35
starts fast and gets calm | for=6 first.motion>0.35 last.motion<0.3
first blue, then gold | for=6 first.hue=blue last.hue=gold
starts calm in green, then explodes into red | for=6 first.hue=green last.hue=red
begins cold, ends warm | for=6 first.warm<0 last.warm>0.2
starts slow and blue, then explodes into gold, ends in calm white | for=9 first.hue=blue middle.hue=gold last.bright>0.6 last.motion<0.3
first a dark forest, then a bright beach | for=6 first.bright<0.35 last.bright>0.4
starts grey and becomes colourful | for=6 first.sat<0.15 last.sat>0.2
day turns into night | for=6 first.bright>0.4 last.bright<0.35
red, then green, then blue | for=9 first.hue=red middle.hue=green last.hue=blue
at first still, finally frantic | for=6 first.motion<0.1 last.motion>0.4
# Places and times.
a sunset | warm>0.2 has=warm
sunset over a calm sea | warm>0 motion<0.35
ocean at noon | has=blue bright>0.4
a green meadow in summer | has=green bright>0.3
desert dunes in the midday sun | warm>0.3 bright>0.4
a snowy mountain | bright>0.4 sat<0.35
a starry night sky | bright<0.25 specks>0.001
a campfire in the dark | warm>0.3 bright<0.35
deep under water | warm<0 bright<0.5
a foggy morning | contrast<0.17 sat<0.35
autumn leaves | warm>0.3
northern lights | bright<0.45 has=aurora
a tropical beach | bright>0.4 has=blue
a nebula in purple | hue=purple bright<0.45
cherry blossoms in spring | has=pink bright>0.4
volcano at night, lava | warm>0.4 bright<0.35
a gloomy cemetery in the rain | bright<0.35 sat<0.35
neon city at night | bright<0.45 sat>0.15
arctic ice | warm<0 bright>0.4
golden hour in a wheat field | hue=gold
blue hour over a harbour | hue=blue bright<0.45
jungle | has=green
# What is there, and what is not.
snowfall on black | specks>0.002 bright<0.35
fireflies in the dark | specks>0.0003 bright<0.3
stars, no clouds | specks>0.001 bright<0.3
a night sky without stars | specks<0.0006 bright<0.35
a dark sky, no particles at all | specks<0.0006 bright<0.35
confetti on dark blue | specks>0.001
a winter forest at night without snowflakes | specks<0.0015 bright<0.4
three white circles on black | blobs=3 motion<0.6
one white square on dark blue, still | blobs=1 hue=blue
five white stars on black | blobs=5
two black circles on white | holes=2 bright>0.5
a single red heart on a white background | has=red bright>0.5
no shapes, only black, still | blobs=0 bright<0.15
four white triangles, not moving, black background | blobs=4 motion<0.05
# The film itself.
cinemascope western with letterbox bars | bars>0.1 warm>0.1
no letterbox, cinematic forest | bars<0.01
heavy film grain, dark grey | grain>1.6
clean, no grain, dark grey | grain<1.2
film noir | sat<0.06 bright<0.4
old sepia film, grainy | hue=sepia grain>1.2
pulsing red light at 120 bpm | bpm=120 for=4 hue=red
strobing white light | unrest>0.01
steady light, no flicker, blue | unrest<0.004 hue=blue
flickering fire | warm>0.4 unrest>0.0008
VHS look, magenta | hue=magenta
vaporwave | has=pink has=cyan
horror, cold and dark | bright<0.3 warm<0.1
a happy children's cartoon | bright>0.45 sat>0.2
romantic pink evening light | has=pink
melancholic rain on a window | bright<0.45 sat<0.35
luxurious black and gold | hue=gold bright<0.4
corporate, clean, blue and white | hue=blue bright>0.4
"""  # noqa: E501
