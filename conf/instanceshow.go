package conf

// How an instance is shown: as it is after it was judged, which may be less than
// the file asks for.

// node is the instance as the effective configuration shows it.
func (in *instance) node() Node {
	return Node{Keyword: "vrrp_instance", Values: []any{in.Name}, Braced: true, Block: instanceBlock.show(in, in.met), Pos: in.pos}
}

func showState(in *instance) []Node {
	if in.master {
		return statement("state", "MASTER")
	}
	return statement("state", "BACKUP")
}

func showVersion(in *instance) []Node {
	if in.Version == 0 {
		return nil // A block that was not judged.
	}
	return statement("version", int(in.Version))
}

// showSource shows the source by the keyword that the file has used for it.
func (in *instance) showSource(keyword string) []Node {
	if !in.Source.IsValid() || in.sourceKeyword != keyword {
		return nil
	}
	return statement(keyword, in.Source)
}

func showPeers(in *instance) []Node {
	if len(in.Peers) == 0 {
		return nil
	}
	var lines []Node
	for _, a := range in.Peers {
		line := in.peer[a]
		n := Node{Values: []any{a}, Pos: line.pos}
		if line.min != nil {
			n.Values = append(n.Values, "min_ttl", *line.min)
		}
		if line.max != nil {
			n.Values = append(n.Values, "max_ttl", *line.max)
		}
		lines = append(lines, n)
	}
	return blockOf("unicast_peer", nil, lines)
}
