package netfilter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// read is the table of the family as the kernel has it.
//
// It reads raw attributes: the library knows not every expression that
// somebody may have put into the table, and stumbles over the direction of
// ct expressions, which the kernel tells in one byte and it takes for four.
func (k *Keeper) read(ctx context.Context, f ipvs.Family) (im image, err error) {
	err = k.talk(ctx, func(c *netlink.Conn) (err error) {
		im, err = dump(ctx, c, f)
		return err
	})
	if errors.Is(err, unix.EINVAL) {
		err = unix.EOPNOTSUPP // what nfnetlink means when nf_tables is not there
	}
	if err != nil {
		return image{}, fmt.Errorf("read table %s: %w", name(f), err)
	}
	return im, nil
}

func dump(ctx context.Context, c *netlink.Conn, f ipvs.Family) (im image, err error) {
	tables, err := get(c, f, unix.NFT_MSG_GETTABLE, 0)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(tables) == 0 {
		return im, nil
	}
	if err != nil {
		return im, err
	}
	o, err := decode(tables[0], unix.NFTA_TABLE_NAME)
	if err != nil {
		return im, err
	}
	im.Table = o.body
	chains, err := get(c, f, unix.NFT_MSG_GETCHAIN, netlink.Dump)
	if err != nil {
		return im, err
	}
	for _, m := range chains {
		o, err := decode(m, unix.NFTA_CHAIN_TABLE)
		if err != nil {
			return im, err
		}
		if o.table != rules.TableName {
			continue // the kernel tells those of all tables
		}
		im.Chains = append(im.Chains, chainImage{text(o.attrs[unix.NFTA_CHAIN_NAME]), o.body})
	}
	list, err := get(c, f, unix.NFT_MSG_GETRULE, netlink.Dump)
	if err != nil {
		return im, err
	}
	for _, m := range list {
		if err := ctx.Err(); err != nil {
			return im, err
		}
		o, err := decode(m, unix.NFTA_RULE_TABLE)
		if err != nil {
			return im, err
		}
		if o.table != rules.TableName {
			continue
		}
		body, err := uncounted(o.attrs[unix.NFTA_RULE_EXPRESSIONS])
		if err != nil {
			return im, err
		}
		r := ruleImage{Chain: text(o.attrs[unix.NFTA_RULE_CHAIN]), Comment: commentOf(o.attrs[unix.NFTA_RULE_USERDATA]), Body: body}
		if b := o.attrs[unix.NFTA_RULE_HANDLE]; len(b) == 8 {
			r.Handle = binary.BigEndian.Uint64(b)
		}
		im.Rules = append(im.Rules, r)
	}
	return im, nil
}

// get asks for objects of tandem's table. The name of the table is the first
// attribute type of all of them; a dump of chains does not look at it.
func get(c *netlink.Conn, f ipvs.Family, kind int, flags netlink.HeaderFlags) ([]netlink.Message, error) {
	attrs, err := netlink.MarshalAttributes([]netlink.Attribute{{Type: unix.NFTA_TABLE_NAME, Data: []byte(rules.TableName + "\x00")}})
	if err != nil {
		return nil, err
	}
	// struct nfgenmsg: family, version, resource id.
	return c.Execute(netlink.Message{
		Header: netlink.Header{
			Type:  netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | kind),
			Flags: netlink.Request | flags,
		},
		Data: append([]byte{byte(familyOf(f)), unix.NFNETLINK_V0, 0, 0}, attrs...),
	})
}

// object is a table, chain or rule: the name of the table, its attributes by
// type, and all of them as they came.
type object struct {
	table string
	attrs map[uint16][]byte
	body  string
}

func decode(m netlink.Message, table uint16) (object, error) {
	const header = 4 // struct nfgenmsg, which ends with the generation
	if len(m.Data) < header {
		return object{}, fmt.Errorf("an nftables message of %d bytes", len(m.Data))
	}
	list, err := netlink.UnmarshalAttributes(m.Data[header:])
	if err != nil {
		return object{}, err
	}
	o := object{attrs: make(map[uint16][]byte, len(list)), body: string(m.Data[header:])}
	for _, a := range list {
		o.attrs[a.Type&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER)] = a.Data
	}
	o.table = text(o.attrs[table])
	return o, nil
}

// uncounted is a list of expressions without what a counter among them has
// counted.
func uncounted(list []byte) (string, error) {
	elements, err := netlink.UnmarshalAttributes(list)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, e := range elements {
		attrs, err := netlink.UnmarshalAttributes(e.Data)
		if err != nil {
			return "", err
		}
		for _, a := range attrs {
			if text(a.Data) == "counter" {
				b.WriteString("counter ")
				break
			}
			b.Write(a.Data)
		}
	}
	return b.String(), nil
}

// commentOf is the comment in a rule's user data, which is a list of type,
// length and value.
func commentOf(data []byte) string {
	const comment = 0 // NFTNL_UDATA_RULE_COMMENT
	for len(data) >= 2 {
		end := 2 + int(data[1])
		if end > len(data) {
			break
		}
		if data[0] == comment {
			return text(data[2:end])
		}
		data = data[end:]
	}
	return ""
}

// text is a string that ends with a zero.
func text(b []byte) string { return strings.TrimRight(string(b), "\x00") }
