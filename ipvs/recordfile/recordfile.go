// Package recordfile keeps what a part of tandem must remember across a crash,
// such as what a kernel setting was before: one JSON file for each part, in the
// run directory.
//
// A file is replaced whole or not at all, so that a crash leaves the old record
// or the new one. It is not synced to a disk: the run directory is in memory,
// and what a record tells of, the kernel's state, does not outlive the boot
// either. An empty path stands for no file: the record is in memory only.
package recordfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Load reads the file into a struct and says whether there was a record. There
// is none in a missing file, and none in one whose field Epoch is another one:
// that tells of a kernel or a network namespace which is gone. After an error
// the struct is of no use; one about the content names the file.
func Load(path, epoch string, into any) (bool, error) {
	if path == "" {
		return false, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the record: %w", err)
	}
	var of struct{ Epoch string }
	err = json.Unmarshal(data, &of)
	if err == nil && of.Epoch != epoch {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return false, fmt.Errorf("understand the record %s: %w", path, err)
	}
	return true, nil
}

// Save replaces the file. The directory must exist.
func Save(path string, v any) error {
	if path == "" {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the record %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // What matters has been said.
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}

// Remove removes the file, if there is one.
func Remove(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the record: %w", err)
	}
	return nil
}
