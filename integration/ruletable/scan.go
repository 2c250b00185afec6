package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// test is a place in the sources that names a test by the rules it holds.
type test struct {
	pkg      string // directory, with slashes, seen from the top
	function string // TestXxx or FuzzXxx around it; empty: a table beside it
	rules    []string
}

// scan finds the string literals in test files that begin with ids of rules.
func scan(top string) (found []test, err error) {
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != top):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(top, filepath.Dir(path))
		if err != nil {
			return err
		}
		if pkg := filepath.ToSlash(rel); pkg != "integration/ruletable" {
			tests, err := scanFile(path, pkg)
			found = append(found, tests...)
			return err
		}
		return nil
	})
	return found, err
}

// scanFile finds them in one file.
func scanFile(path, pkg string) (found []test, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range file.Decls {
		function := ""
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
			function = f.Name.Name
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					if rules := rulesOf(text); len(rules) > 0 {
						found = append(found, test{pkg, function, rules})
					}
				}
			}
			return true
		})
	}
	return found, nil
}

// packages are those that have such tests and run on any kernel.
func packages(tests []test) (pkgs []string) {
	for _, t := range tests {
		if !needsKernel(t.pkg) {
			pkgs = append(pkgs, "./"+t.pkg)
		}
	}
	slices.Sort(pkgs)
	return slices.Compact(pkgs)
}

// needsKernel reports whether `make test` runs a package on the test kernel.
func needsKernel(pkg string) bool { return strings.HasPrefix(pkg, "integration") }
