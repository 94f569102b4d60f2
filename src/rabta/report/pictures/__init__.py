"""Pictures made on the server side: geometry, maps and charts as SVG."""
