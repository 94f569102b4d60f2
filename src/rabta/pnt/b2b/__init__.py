"""PPP-B2b: corrections of orbits, clocks and code biases that BeiDou's GEO satellites broadcast.

``frames`` reads raw messages, ``decode`` their bits, ``chain`` joins what belongs together by its issues of
data, ``apply`` corrects broadcast orbits and clocks. Source of all: BDS-SIS-ICD-PPP-B2b-1.0 (2020).
"""
