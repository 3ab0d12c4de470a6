package critical
