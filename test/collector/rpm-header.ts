/**
 * The header of a package `hello` 1.2.3-4 with three files and two directories, as rpm 4.18.0 stored it in
 * its SQLite database: gzip, base64.
 */
export const HELLO_HEADER =
	'H4sIAAAAAAACA5WWTYgcRRTH3+zM6mY1X0TXKB7mILJBZ6a6vksEjYmaBWMWEyGCCanP3dbZnbFnNu6Kh+QgePAgevASwUMO' +
	'evEmeBAJKDl68uDRwwpGEo0gkoMm0t1vsioh6IOu7l/933v13d0A8ARA6xpUd7gToHUYAHYBQACAGaitAdD8EQDuAIAp5EvI' +
	'M8g/Ie9AvgwA2zBXyVeQ55B/BoAWAOxF/gXjH0T+FfU28u+oP4R8DfPNI/+JOke+jvxYza0W5jsIANMArVJrAsBx5G3IDnkW' +
	'/fvId+FYzyDfXXPjaeTttX/jOeSdqJ9C3oW8gXxP3b/Ge9i/ezH+Y9TvQ/8vUN+L+tf1vXU/6t8iP1Dz1CPI83X+qacw/tm6' +
	'fmrSv0PIk/4tYPwY+Tjqb2L8S6ifQX4Z9bfR/wTq55BPIn+J7LA/1zE+1NycRo7Is8gJeSdyH3k38rhuvzmP+deQH0c+Xbff' +
	'XKzXtfU66u+ivo58HnkD+fM6/573kXH+91zE9i8gb2L+i8g/4LzjedhzqdarfdIAaDRQP4U8ject1Geksb3OX42r1Hcjf4j7' +
	'+SrGf4/jn8zbJvZ/DvXLWL+EfBV5Gfm3kg/Acuz3B5B1aZcBR1qHV6dbc6dXqjO/4/DCMXhxdTSMPk95DNDPV9fWYXVgC78M' +
	'W1a+D2Ynz/uvnD1/9kpZbjmUOf99gVac6uQFpZqwwDIiRVTOR+YTYSlyJYiRkmVRRKKcC8qSFKIknvtEhVdgNVEysEB1oFkk' +
	'lGTUURJtUsElJTgxVlKlMsY5M4SKRDWNTOrIGBHWJQBCJdPUGG2cTMEInhR11iaavOTO00gTyYI0NPAQFTVaRquJTjIaozOW' +
	'4DZWDAbj/1dUK9Cp1qPDu6PCd4vhCty4hdVrVdqT5cLOTq6ey1d7o2Uohiv93M0fGKwMizgaxfBM3o/P25U42jfRypqD+VIc' +
	'jbfqFu1Gf2Ar59EhezouFjHl6/sAWJd0eScD3pVdUt3rMtNdsvV9uOU1he/UVr1Hb9oMjhP+Fn/TtxpfN4Dt+sFqwq1Zle2Q' +
	'F/DVJ9CLY9+rS3TuQW9tVFQzUD+Nlm0R//F8M0MPOkdou7MEfpgPYOmNfAgGt3UnRJfb1U691W9vkz5XzyEvoh8Pig3Yf/TA' +
	'wkJ7HNfHsHjk6MLx9qhsuD3yRT4cP9rekttxPfq1sXX9CPAf2qrsBZy/tXHqaBAkBcm98dxRbQ1zhHnvpZGW2oyo5GnMhCRG' +
	'saQI1zzzVnitMqcMcTT4OpeLImqrnKfJCya4ldpbKjOjqRaWcq+jM5FHG5SSxIRgGSXOSkqktU4ImPw83Ljxx0f4wQeYeeez' +
	'C8c+feXkW989fGLv5jevnfuAWuuzwGUKmYhCOOmMs4RQrTKmHBHMCGpE4mAd01oqw6M3SUQnE2dSZ5EZ4RTVKkglpdeR62iF' +
	'8D4lxSTNOFGEGpYEvnO2pq9Z/lM0y7q/AF6DaPXwCAAA'
