package main

import "github.com/tandem-ha/tandem/conf"

// The exit statuses of keepalived --config-test, as its code has them; its
// manual page says otherwise.
const (
	keepalivedMissing  = 2 // a statement lacks its argument: keepalived reads no further
	keepalivedFatal    = 4 // it would not start
	keepalivedFaulty   = 5 // anything is wrong, a deprecated keyword included
	keepalivedSecurity = 6 // an include failed that had to find its files, or scripts run as root without enable_script_security
)

// keepalivedStatus is the exit status that keepalived would give for findings
// like these. Of several it gives the largest, so that an error hides that the
// daemon would not start, and a failed include hides both; only a missing argument
// ends the reading at once. Where it exits with 0 for a file that is not there, a
// folder or a program, this does not.
func keepalivedStatus(found conf.Diagnostics) int {
	status := 0
	for _, d := range found {
		switch {
		case d.Class == conf.MissingArgument:
			return keepalivedMissing
		case d.Class == conf.FailedInclude, d.Class == conf.ScriptSecurity:
			status = max(status, keepalivedSecurity)
		case d.Severity == conf.Fatal, d.Class == conf.MissingInterface:
			status = max(status, keepalivedFatal)
		case d.Severity <= conf.Warning:
			status = max(status, keepalivedFaulty)
		}
	}
	return status
}
