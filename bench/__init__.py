"""What measures speed, load and statistics; product code never imports it."""
