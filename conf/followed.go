package conf

import (
	"github.com/tandem-ha/tandem/vrrp"
)

// itemKinds are the kinds of vrrp.Item by the keyword that tracks them.
var itemKinds = map[string]vrrp.ItemKind{
	"track_script": vrrp.Script, "track_file": vrrp.File, "track_process": vrrp.Process, "track_bfd": vrrp.BFD,
}

// itemsOf are the lines that track something else than an interface.
func itemsOf(lines []tracking) (items []vrrp.TrackItem) {
	for _, t := range lines {
		if kind, ok := itemKinds[t.keyword]; ok {
			items = append(items, vrrp.TrackItem{Item: vrrp.Item{Kind: kind, Name: t.name}, Weight: t.weight, Reverse: t.reverse})
		}
	}
	return items
}

// finishFollowed gives what is to be watched: the things that an instance or a
// group that runs tracks. As in keepalived the others are not run.
func (l *loader) finishFollowed(cfg *Config) {
	followed := make(map[vrrp.Item]bool)
	for _, in := range cfg.VRRP.Instances {
		for _, t := range in.Items {
			followed[t.Item] = true
		}
	}
	for _, g := range cfg.VRRP.Groups {
		for _, t := range g.Items {
			followed[t.Item] = true
		}
	}
	for _, it := range l.scripts {
		if followed[vrrp.Item{Kind: vrrp.Script, Name: it.Name}] {
			cfg.Track.Scripts = append(cfg.Track.Scripts, it.Script)
		}
	}
	for _, f := range l.trackFiles {
		if followed[vrrp.Item{Kind: vrrp.File, Name: f.Name}] {
			cfg.Track.Files = append(cfg.Track.Files, f.File)
		}
	}
	for _, p := range l.processes {
		if followed[vrrp.Item{Kind: vrrp.Process, Name: p.Name}] {
			cfg.Track.Processes = append(cfg.Track.Processes, p.Process)
		}
	}
	for _, b := range l.sessions {
		if followed[vrrp.Item{Kind: vrrp.BFD, Name: b.Name}] {
			cfg.BFD = append(cfg.BFD, b.Config)
		}
	}
}
