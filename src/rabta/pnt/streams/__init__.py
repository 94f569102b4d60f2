"""What receivers send while they run: RTCM 3, NMEA 0183, UBX."""
