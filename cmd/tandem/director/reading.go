package director

import (
	"os"
	"strings"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/conf/host"
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// Reading is how this host reads configuration files at one moment. The host
// changes, so that every reading of a file is to be a new one. check, a start and
// a reload say the same of a file because they all read it so.
type Reading struct {
	Options conf.Options
	blind   error // why nothing is known of the host
}

// NewReading takes a picture of the host. An empty configID is the host's name
// up to the first dot, as in keepalived.
func NewReading(configID string) Reading {
	if configID == "" {
		configID = host.ConfigID()
	}
	r := Reading{Options: conf.Options{ConfigID: configID, Files: conf.Disk{}}}
	if r.Options.Host, r.blind = host.Read(); r.Options.Host != nil {
		r.Options.Host.Resolve, r.Options.Host.Lstat = program.Resolve, os.Lstat
	}
	return r
}

// Judge adds to what was found in a file what this host has to say about it.
func (r Reading) Judge(f *conf.File, found conf.Diagnostics) conf.Diagnostics {
	if found.Fatal() {
		return found
	}
	all := append(conf.Diagnostics(nil), found...)
	whole := syntax.Pos{File: f.Config().File}
	for _, why := range invalid(f.Config()) {
		all = append(all, conf.Diagnostic{Pos: whole, Severity: conf.Fatal, Message: why})
	}
	if r.blind != nil {
		all = append(all, conf.Diagnostic{Pos: whole, Severity: conf.Warning, Message: "the file is not judged by this host: " + r.blind.Error()})
	}
	all = append(all, f.OnHost(r.Options.Host)...)
	all.Sort()
	return all
}

// invalid is what VRRP itself refuses. Reading a file lets nothing of that
// through; where it does all the same, nothing runs.
func invalid(c conf.Config) []string {
	err := c.VRRP.Validate()
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n") // errors.Join writes one a line
}
