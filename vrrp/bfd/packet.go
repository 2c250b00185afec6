package bfd

import (
	"encoding/binary"
	"time"
)

// State is that of a session (RFC 5880 section 4.1). The zero value is AdminDown.
type State uint8

// The states.
const (
	AdminDown State = iota
	Down
	Init
	Up
)

var stateNames = [...]string{"AdminDown", "Down", "Init", "Up"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "?"
}

// Diagnostic says why a session is not up (RFC 5880 section 4.1).
type Diagnostic uint8

// The diagnostics that are given here. There are others.
const (
	NoDiagnostic           Diagnostic = 0
	DetectionTimeExpired   Diagnostic = 1
	EchoFailed             Diagnostic = 2
	NeighborSignaledDown   Diagnostic = 3
	ForwardingPlaneReset   Diagnostic = 4
	PathDown               Diagnostic = 5
	ConcatenatedPathDown   Diagnostic = 6
	AdministrativelyDown   Diagnostic = 7
	ReverseConcatenateDown Diagnostic = 8
)

var diagnosticNames = [...]string{
	"no diagnostic", "detection time expired", "echo function failed", "neighbor signaled session down",
	"forwarding plane reset", "path down", "concatenated path down", "administratively down", "reverse concatenated path down",
}

func (d Diagnostic) String() string {
	if int(d) < len(diagnosticNames) {
		return diagnosticNames[d]
	}
	return "?"
}

// Size is that of a control packet without authentication, in bytes.
const Size = 24

// Packet is a control packet (RFC 5880 section 4.1) of version 1 without
// authentication.
type Packet struct {
	Diag  Diagnostic
	State State

	Poll, Final             bool
	ControlPlaneIndependent bool
	Demand                  bool

	Multiplier uint8  // Detect Mult
	Mine       uint32 // My Discriminator
	Yours      uint32 // Your Discriminator

	// Times have whole microseconds, and at most 32 bits of them.
	DesiredMinTx, RequiredMinRx, RequiredMinEchoRx time.Duration
}

// Flags of the second byte.
const (
	flagPoll = 1 << (5 - iota)
	flagFinal
	flagIndependent
	flagAuthentication
	flagDemand
	flagMultipoint
)

// version is the only one there is.
const version = 1

// Marshal gives the bytes of the packet.
func (p Packet) Marshal() []byte {
	b := make([]byte, Size)
	b[0] = version<<5 | byte(p.Diag)&0x1f
	b[1] = byte(p.State) << 6
	for _, f := range []struct {
		on  bool
		bit byte
	}{{p.Poll, flagPoll}, {p.Final, flagFinal}, {p.ControlPlaneIndependent, flagIndependent}, {p.Demand, flagDemand}} {
		if f.on {
			b[1] |= f.bit
		}
	}
	b[2], b[3] = p.Multiplier, Size
	binary.BigEndian.PutUint32(b[4:], p.Mine)
	binary.BigEndian.PutUint32(b[8:], p.Yours)
	for i, d := range []time.Duration{p.DesiredMinTx, p.RequiredMinRx, p.RequiredMinEchoRx} {
		binary.BigEndian.PutUint32(b[12+4*i:], uint32(d/time.Microsecond))
	}
	return b
}

// Parse checks what a control packet alone tells (RFC 5880 section 6.8.6) and
// decodes it. A packet that is dropped is zero.
func Parse(b []byte) (Packet, Drop) {
	switch {
	case len(b) < Size:
		return Packet{}, Truncated
	case b[0]>>5 != version:
		return Packet{}, Version
	case b[1]&flagAuthentication != 0 && b[3] < Size+2, b[3] < Size:
		return Packet{}, Length
	case int(b[3]) > len(b):
		return Packet{}, Length
	case b[2] == 0:
		return Packet{}, ZeroMultiplier
	case b[1]&flagMultipoint != 0:
		return Packet{}, Multipoint
	}
	word := func(at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
	micros := func(at int) time.Duration { return time.Duration(word(at)) * time.Microsecond }
	p := Packet{
		Diag: Diagnostic(b[0] & 0x1f), State: State(b[1] >> 6),
		Poll: b[1]&flagPoll != 0, Final: b[1]&flagFinal != 0,
		ControlPlaneIndependent: b[1]&flagIndependent != 0, Demand: b[1]&flagDemand != 0,
		Multiplier: b[2], Mine: word(4), Yours: word(8),
		DesiredMinTx: micros(12), RequiredMinRx: micros(16), RequiredMinEchoRx: micros(20),
	}
	switch {
	case p.Mine == 0:
		return Packet{}, ZeroMine
	case p.Yours == 0 && p.State != Down && p.State != AdminDown:
		return Packet{}, ZeroYours
	case b[1]&flagAuthentication != 0:
		return Packet{}, Authentication // None is in use.
	}
	return p, Accepted
}
