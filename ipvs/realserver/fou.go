package realserver

import (
	"encoding/binary"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// setReceiver makes the kernel unwrap GUE at a UDP port, or no longer
// (uapi/linux/fou.h). netlink.FouAdd cannot: it always names an inner protocol,
// and kernels since 5.15 refuse 0, which GUE would need.
func setReceiver(port uint16, ip family, add bool) error {
	genl, err := netlink.GenlFamilyGet(netlink.FOU_GENL_NAME)
	if err != nil {
		return err
	}
	af, command := byte(unix.AF_INET), netlink.FOU_CMD_DEL
	if ip == 6 {
		af = unix.AF_INET6
	}
	attrs := []*nl.RtAttr{
		nl.NewRtAttr(netlink.FOU_ATTR_PORT, binary.BigEndian.AppendUint16(nil, port)),
		nl.NewRtAttr(netlink.FOU_ATTR_AF, []byte{af}),
	}
	if add {
		command = netlink.FOU_CMD_ADD
		attrs = append(attrs, nl.NewRtAttr(netlink.FOU_ATTR_TYPE, []byte{netlink.FOU_ENCAP_GUE}))
	}
	request := nl.NewNetlinkRequest(int(genl.ID), unix.NLM_F_ACK)
	request.AddData(&nl.Genlmsg{Command: command, Version: 1})
	for _, a := range attrs {
		request.AddData(a)
	}
	_, err = request.Execute(unix.NETLINK_GENERIC, 0)
	return err
}
