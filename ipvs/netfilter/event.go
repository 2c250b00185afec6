package netfilter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// listen tells of every change of tandem's tables, tandem's own included: to
// look once more after a write costs little and finds who wrote at the same
// time. Without events the table is read every Options.Full.
func (k *Keeper) listen(ctx context.Context, changed chan<- struct{}) {
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	quiet := false
	for ctx.Err() == nil {
		err := k.follow(ctx, tell)
		if ctx.Err() != nil {
			return
		}
		if !quiet && k.needed() {
			quiet = true
			k.log.Warn("no nftables events; changes from outside are found by reading", "every", k.opt.Full, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(k.opt.Full):
		}
	}
}

// needed says whether there is anything to keep.
func (k *Keeper) needed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.want != nil && !k.want.Empty()
}

// follow reads notifications until it cannot.
func (k *Keeper) follow(ctx context.Context, tell func()) error {
	ns := netns.None()
	if k.opt.NetNS != 0 {
		ns = netns.NsHandle(k.opt.NetNS)
	}
	s, err := nl.SubscribeAt(ns, netns.None(), unix.NETLINK_NETFILTER, unix.NFNLGRP_NFTABLES)
	if err != nil {
		return fmt.Errorf("subscribe to nftables events: %w", err)
	}
	stop := context.AfterFunc(ctx, s.Close)
	defer func() {
		if stop() {
			s.Close()
		}
	}()
	tell() // for what happened before
	for {
		messages, _, err := s.Receive()
		switch {
		case errors.Is(err, unix.ENOBUFS): // events were lost, which is an event
			tell()
			continue
		case err != nil:
			return fmt.Errorf("read nftables events: %w", err)
		}
		for _, m := range messages {
			if concerns(m.Header.Type, m.Data) {
				tell()
			}
		}
	}
}

// concerns says whether a notification is about a table of tandem's name. The
// first attribute type of every nftables object is the name of its table; a
// generation (NFT_MSG_NEWGEN) has none.
func concerns(kind uint16, data []byte) bool {
	if kind>>8 != unix.NFNL_SUBSYS_NFTABLES || kind&0xff == unix.NFT_MSG_NEWGEN || len(data) < 4 {
		return false
	}
	attrs, err := nl.ParseRouteAttr(data[4:]) // after struct nfgenmsg
	if err != nil {
		return true // to look costs little
	}
	for _, a := range attrs {
		if a.Attr.Type&^uint16(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER) == unix.NFTA_TABLE_NAME {
			return string(bytes.TrimRight(a.Value, "\x00")) == rules.TableName
		}
	}
	return false
}
