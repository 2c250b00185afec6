package conf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/integration/golden"
	"github.com/tandem-ha/tandem/vrrp"
)

// TestGolden loads every testdata/*.txtar: the first file in it is the
// configuration, "diagnostics" is what was found and "config" what it means,
// without what is zero. Further files are what it can include, as the host with
// the configuration id "main". The list of the folder is the table of this test.
func TestGolden(t *testing.T) {
	golden.Test(t, "testdata/*.txtar", func(t *testing.T, archive *txtar.Archive) []txtar.File {
		file, found := readGolden(archive)
		cfg := file.Config()
		runs(t, cfg, found)
		return append(goldenInputs(archive),
			txtar.File{Name: "diagnostics", Data: []byte(lines(found))},
			txtar.File{Name: "config", Data: []byte(dump("", reflect.ValueOf(cfg)))})
	})
}

// goldenInputs are the files of an archive without what becomes of them.
func goldenInputs(archive *txtar.Archive) []txtar.File {
	return slices.DeleteFunc(slices.Clone(archive.Files), func(f txtar.File) bool {
		return f.Name == "diagnostics" || f.Name == "config"
	})
}

// goldenOptions are those by which an archive is read.
func goldenOptions(archive *txtar.Archive) Options {
	if inputs := goldenInputs(archive); len(inputs) > 1 {
		return Options{ConfigID: "main", Files: golden.FilesOf(inputs[1:])}
	}
	return Options{}
}

// readGolden reads the configuration of an archive.
func readGolden(archive *txtar.Archive) (*File, Diagnostics) {
	return ReadText(archive.Files[0].Name, archive.Files[0].Data, goldenOptions(archive))
}

func lines(ds Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

// dump prints every value that is not zero on a line of its own, with the
// path that leads to it.
func dump(path string, v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	if _, ok := v.Interface().(fmt.Stringer); ok {
		return fmt.Sprintf("%s = %v\n", path, v.Interface())
	}
	var b strings.Builder
	switch v.Kind() {
	case reflect.Pointer:
		b.WriteString(dump(path, v.Elem()))
	case reflect.Struct:
		if line, ok := oneLine(v); ok {
			return fmt.Sprintf("%s = %s\n", path, line)
		}
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Type().Field(i).Anonymous {
				b.WriteString(dump(path, v.Field(i)))
				continue
			}
			b.WriteString(dump(strings.TrimPrefix(path+"."+name, "."), v.Field(i)))
		}
	case reflect.Slice:
		for i := range v.Len() {
			b.WriteString(dump(fmt.Sprintf("%s[%d]", path, i), v.Index(i)))
		}
	case reflect.Map:
		for _, k := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
			b.WriteString(dump(fmt.Sprintf("%s[%v]", path, k), v.MapIndex(k)))
		}
	default:
		fmt.Fprintf(&b, "%s = %v\n", path, v.Interface())
	}
	return b.String()
}

// oneLine prints a small struct without inner ones, or an address.
func oneLine(v reflect.Value) (string, bool) {
	var words []string
	small := v.NumField() <= 6 || v.Type() == reflect.TypeFor[vrrp.Address]()
	for i := range v.NumField() {
		f := v.Field(i)
		_, text := f.Interface().(fmt.Stringer)
		if !small || !text && (f.Kind() == reflect.Struct || f.Kind() == reflect.Slice || f.Kind() == reflect.Pointer) {
			return "", false
		}
		if !f.IsZero() {
			words = append(words, fmt.Sprintf("%s=%v", v.Type().Field(i).Name, f.Interface()))
		}
	}
	return strings.Join(words, " "), true
}
