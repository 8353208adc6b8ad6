"""Who uses the portal: accounts, rosters, corrections of people."""
