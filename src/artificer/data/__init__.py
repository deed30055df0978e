"""Files and frames: readers, kinds of columns, tables and the scan; no other part of Artificer opens data."""
