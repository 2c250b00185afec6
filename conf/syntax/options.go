package syntax

// Options say how a text is read. The zero value reads one file by itself.
type Options struct {
	// ConfigID is what "@ID" and "@^ID" compare with.
	ConfigID string
	// Instance is ${_INSTANCE}, Env looks up ${_ENV NAME} and Seed begins
	// ${_RANDOM}. A nil Env has no variable.
	Instance string
	Env      func(name string) (value string, ok bool)
	Seed     uint64
	// Dir is the working directory of the process, for ${_PWD} of files with
	// relative paths.
	Dir string
	// MaxMade bounds what variables, sequences and included files make of the
	// text, in bytes; 0: the constant.
	MaxMade int
	// Files is where includes come from; nil: an include is a Problem.
	Files Files
}

// Files are the files that a configuration can include. Paths are absolute or
// relative to the working directory of the process.
type Files interface {
	// Glob lists what a pattern of the shell matches, sorted. A name that is
	// not there matches nothing. Braces are none of its business.
	Glob(pattern string) ([]string, error)
	// Read reads a whole file of bounded size. The error says why a file is
	// none that can be included, and does not repeat its path.
	Read(path string) ([]byte, error)
}
