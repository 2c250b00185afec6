package conf

// Load reads the file at path. What is wrong with the file, a missing one
// included, is in the diagnostics; when they are Fatal the Config is zero.
func Load(path string) (Config, Diagnostics) {
	return Config{File: path}, nil
}

// Parse reads src as Load does; name stands for the file in positions.
func Parse(name string, src []byte) (Config, Diagnostics) {
	return Config{File: name}, nil
}
