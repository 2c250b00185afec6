package kernel

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// batchSize is how many operations go to the kernel at once. Were all of them
// refused, the answers would still fit into the socket's default buffer.
const batchSize = 128

// Apply does the operations in order and returns an error for each, nil for
// done. It goes on after a failure. ipvs.ErrNoAnswer means that an operation
// may or may not have been done.
func (k *Kernel) Apply(ctx context.Context, ops []ipvs.Op) []error {
	errs := make([]error, len(ops))
	ctx, end, err := k.begin(ctx)
	if err != nil {
		fail(errs, err)
		return errs
	}
	defer end()
	for start := 0; start < len(ops); start += batchSize {
		end := min(start+batchSize, len(ops))
		k.batch(ctx, ops[start:end], errs[start:end])
	}
	return errs
}

// batch writes the operations and collects their errors.
func (k *Kernel) batch(ctx context.Context, ops []ipvs.Op, errs []error) {
	k.write(ctx, errs, func(msgs []byte, i int) ([]byte, uint8) {
		return appendOp(msgs, k.family, k.conn.seq, &ops[i])
	}, func(i int, err error) error { return explain(ops[i], err) })
}

// write sends a message for each of errs as one datagram, and fills them in.
// The kernel acknowledges a failure unasked, and the barrier at the end
// always. A command of 0 is none, and is not sent.
func (k *Kernel) write(ctx context.Context, errs []error, add func(msgs []byte, i int) ([]byte, uint8), explain func(i int, err error) error) {
	first := k.conn.seq + 1
	msgs, sent := k.conn.out[:0], [batchSize]uint8{}
	for i := range errs {
		k.conn.seq++
		whole, cmd := add(msgs, i)
		if cmd == 0 {
			errs[i] = fmt.Errorf("%w: no such operation", ipvs.ErrInvalid)
			continue
		}
		msgs, sent[i] = whole, cmd
	}
	k.conn.out = msgs
	err := k.finish(ctx, msgs, func(seq uint32, errno unix.Errno) {
		if i := seq - first; i < uint32(len(errs)) {
			errs[i] = explain(int(i), translate(sent[i], errno))
		}
	})
	if err != nil && !errors.Is(err, ipvs.ErrNoAnswer) {
		err = fmt.Errorf("%w: %w", ipvs.ErrNoAnswer, err)
	}
	fail(errs, err)
}

// fail gives every operation that has no error yet this one.
func fail(errs []error, err error) {
	for i := range errs {
		if errs[i] == nil {
			errs[i] = err
		}
	}
}

// finish sends messages that end in a barrier: an empty netlink message with
// the wish for an acknowledgement, which comes when all before it is done.
// The messages themselves ask for none. So an operation that ends in EINTR,
// for which the kernel never acknowledges anything (netlink_rcv_skb), cannot
// leave us waiting. Refused hears of every other failure.
func (k *Kernel) finish(ctx context.Context, msgs []byte, refused func(seq uint32, errno unix.Errno)) error {
	k.conn.seq++
	barrier := k.conn.seq
	start := len(msgs)
	msgs = append(msgs, make([]byte, unix.NLMSG_HDRLEN)...)
	native.PutUint32(msgs[start:], unix.NLMSG_HDRLEN)
	native.PutUint16(msgs[start+4:], unix.NLMSG_NOOP)
	native.PutUint16(msgs[start+6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	native.PutUint32(msgs[start+8:], barrier)
	return k.conn.exchange(ctx, msgs, func(a answer) (bool, error) {
		if a.typ == unix.NLMSG_ERROR && a.seq != barrier {
			refused(a.seq, a.errno())
		}
		return a.seq == barrier, nil
	})
}

// request does one command that answers nothing but success or failure.
func (k *Kernel) request(ctx context.Context, cmd uint8, fill func([]byte) []byte) error {
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	var failure error
	k.conn.seq++
	msg := appendMessage(nil, k.family, 0, k.conn.seq, cmd, version, fill)
	seq := k.conn.seq
	err = k.finish(ctx, msg, func(s uint32, errno unix.Errno) {
		if s == seq {
			failure = translate(cmd, errno)
		}
	})
	if err != nil {
		return err
	}
	return failure
}

// command is the command of a verb, whether it says what the entry shall be
// and not only which, and whether the entry is a destination.
func command(v ipvs.Verb) (cmd uint8, full, dest bool) {
	switch v {
	case ipvs.AddService:
		return cmdNewService, true, false
	case ipvs.SetService:
		return cmdSetService, true, false
	case ipvs.DelService:
		return cmdDelService, false, false
	case ipvs.AddDestination:
		return cmdNewDest, true, true
	case ipvs.SetDestination:
		return cmdSetDest, true, true
	case ipvs.DelDestination:
		return cmdDelDest, false, true
	}
	return 0, false, false
}

// appendOp appends the message of an operation, and returns its command.
func appendOp(b []byte, family uint16, seq uint32, op *ipvs.Op) ([]byte, uint8) {
	cmd, full, dest := command(op.Verb)
	key := op.Key.Normal()
	return appendMessage(b, family, 0, seq, cmd, version, func(b []byte) []byte {
		b = appendNest(b, attrService, func(b []byte) []byte {
			b = appendKey(b, key)
			if full && !dest {
				b = appendService(b, key.Family, op.Service.Normal(key.Family))
			}
			return b
		})
		if !dest {
			return b
		}
		return appendNest(b, attrDest, func(b []byte) []byte {
			b = appendServer(b, op.Server)
			if full {
				b = appendDest(b, op.Destination.Normal())
			}
			return b
		})
	}), cmd
}
