// Command ruletable makes vrrp/RULES.md: every rule of VRRP and every measured
// habit of keepalived and FRR that testdata/rules.tsv names, with the tests that
// hold it and what became of them, or the reason why there is none.
//
// A test holds a rule when its name, or that of a subtest, begins with the
// rule's id: "R-01 a TTL of 254 is not heard". The command runs the packages
// whose tests say so and that need no test kernel, reads what `go test -json`
// says, and writes down the counts. Tests on the test kernel are listed by
// their source: `make test` runs them.
//
// Run it in the top directory: `make docs` does.
package main

import (
	"fmt"
	"os"
)

// output is where the table goes, seen from the top directory.
const output = "vrrp/RULES.md"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "ruletable:", err)
		os.Exit(1)
	}
}

func run(top string) error {
	rules, err := readRules()
	if err != nil {
		return err
	}
	named, err := scan(top)
	if err != nil {
		return fmt.Errorf("look for tests: %w", err)
	}
	results, err := runTests(top, packages(named))
	if err != nil {
		return fmt.Errorf("run the tests: %w", err)
	}
	if err := os.WriteFile(output, render(rules, named, results), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
