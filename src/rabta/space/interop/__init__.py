"""Files of other tools: shells of StarPerf and StarryNet in; StarryNet positions and CZML out."""
