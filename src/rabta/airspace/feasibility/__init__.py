"""What an approval should know: command link, navigation, energy and ground risk along a flight."""
