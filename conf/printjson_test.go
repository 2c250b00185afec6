package conf

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tandem-ha/tandem/conf/syntax"
)

func TestPrintJSON(t *testing.T) {
	at := func(line int32) syntax.Pos { return syntax.Pos{File: "a.conf", Line: line, Col: 1} }
	nodes := []Node{
		{Keyword: "instance", Values: []any{"left"}, Idle: NoEffect, Why: "tandem has no pid files", Pos: at(1)},
		{Keyword: "global_defs", Braced: true, Pos: at(2)},
		{Keyword: "vrrp_instance", Values: []any{"A"}, Braced: true, Pos: at(3), Block: []Node{
			{Keyword: "priority", Values: []any{100}},
			{Keyword: "advert_int", Values: []any{1500 * time.Millisecond}, Pos: at(4)},
			{Keyword: "nopreempt", Pos: at(5)},
			{Keyword: "authentication", Braced: true, Block: statement("auth_pass", Secret("s3cret"))},
			{Keyword: "virtual_ipaddress", Braced: true, Pos: at(6), Block: []Node{
				{Values: []any{netip.MustParsePrefix("192.0.2.1/24"), "dev", "eth1"}, Pos: at(7)},
			}},
			{Keyword: "notify", line: `notify "/bin/x 'a b'" root`, Idle: NotSupported, Pos: at(8)},
		}},
		{Keyword: "virtual_server", Values: []any{netip.MustParseAddr("192.0.2.1"), 80}, Braced: true, Block: []Node{
			{Keyword: "lb_kind", Values: []any{"TUN", "type", "gue", "port", 5555}},
		}},
	}
	const want = `{
  "file": "a.conf",
  "global_defs": {
    "at": "a.conf:2:1"
  },
  "vrrp_instance": [
    {
      "name": "A",
      "at": "a.conf:3:1",
      "priority": 100,
      "advert_int": 1.5,
      "nopreempt": true,
      "authentication": {
        "auth_pass": "********"
      },
      "virtual_ipaddress": [
        {
          "value": "192.0.2.1/24",
          "options": [
            "dev",
            "eth1"
          ],
          "at": "a.conf:7:1"
        }
      ],
      "positions": {
        "advert_int": "a.conf:4:1",
        "nopreempt": "a.conf:5:1",
        "virtual_ipaddress": "a.conf:6:1"
      },
      "no_effect": [
        {
          "keyword": "notify",
          "value": "\"/bin/x 'a b'\" root",
          "reason": "not supported yet",
          "at": "a.conf:8:1"
        }
      ]
    }
  ],
  "virtual_server": [
    {
      "name": "192.0.2.1 80",
      "lb_kind": "TUN type gue port 5555"
    }
  ],
  "no_effect": [
    {
      "keyword": "instance",
      "value": "left",
      "reason": "no effect here: tandem has no pid files",
      "at": "a.conf:1:1"
    }
  ]
}
`
	var b strings.Builder
	if err := PrintJSON(&b, nodes, PrintOptions{File: "a.conf"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
