package traffic

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Silent are connections through a VIP that say nothing after the handshake:
// the ones that a director which learns connections from their packets never
// hears of again.
type Silent struct {
	conns   []*net.TCPConn
	targets []netip.AddrPort
}

// Utterance is what came of a silent connection's first line.
type Utterance struct {
	Client, Target netip.AddrPort
	Server         string
	Outcome        Outcome
	Took           time.Duration // From the line to its answer, or to giving up.
}

// OpenSilent opens n connections, spread over the targets.
func OpenSilent(ctx context.Context, from Net, targets []netip.AddrPort, n int) (*Silent, error) {
	conns, err := dialAll(ctx, from, targets, n)
	if err != nil {
		return nil, err
	}
	return &Silent{conns: conns, targets: targets}, nil
}

// Clients returns the clients' ends of the connections.
func (s *Silent) Clients() []netip.AddrPort {
	clients := make([]netip.AddrPort, len(s.conns))
	for i, c := range s.conns {
		clients[i] = local(c)
	}
	return clients
}

// Speak makes every connection say its first line, waits for the answers at
// most patience, and closes all. An answer can only come from the server that
// holds the connection: any other host resets it.
func (s *Silent) Speak(ctx context.Context, patience time.Duration) []Utterance {
	heard := make([]Utterance, len(s.conns))
	var done sync.WaitGroup
	for i, c := range s.conns {
		done.Go(func() {
			defer c.Close()
			start := time.Now()
			_ = c.SetDeadline(start.Add(patience))
			defer interruptOn(ctx, c)()
			server, err := ask(c, "hello")
			heard[i] = Utterance{
				Client: local(c), Target: s.targets[i%len(s.targets)],
				Server: server, Outcome: classify(err), Took: time.Since(start),
			}
		})
	}
	done.Wait()
	s.conns = nil
	return heard
}

// Close closes the connections that never spoke.
func (s *Silent) Close() {
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// ask says a word and returns the name of the server that repeats it.
func ask(conn net.Conn, word string) (server string, err error) {
	if _, err := conn.Write([]byte(word + "\n")); err != nil {
		return "", err
	}
	line, err := bufio.NewReaderSize(conn, 64).ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return echoed(bytes.TrimSuffix(line, []byte("\n")), word)
}

// echoed returns the server's name of an answer, which is the name and the word.
func echoed(line []byte, word string) (server string, err error) {
	name, echo, ok := bytes.Cut(line, []byte(" "))
	if !ok || string(echo) != word {
		return "", errGarbled
	}
	return string(name), nil
}
