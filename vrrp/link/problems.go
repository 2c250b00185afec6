package link

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// tell logs problems that are new, and that all of them are over; it returns
// them as one error.
func (k *keeper) tell(problems ...error) error {
	said := make(map[string]bool, len(problems))
	for _, err := range problems {
		text := err.Error()
		if said[text] = true; !k.said[text] {
			k.log.Error("an address, or what belongs to it, is not as it shall be; trying again", "error", err)
		}
	}
	// In the middle of a stop they are gone, not as they shall be.
	wanted := slices.ContainsFunc(k.wishes, func(w *wish) bool { return w.Present || w.Own != nil })
	if len(k.said) > 0 && len(said) == 0 && wanted {
		k.log.Info("the addresses, and what belongs to them, are as they shall be again")
	}
	k.said = said
	return errors.Join(problems...)
}

func (k *keeper) name(index int) string {
	if dev, ok := k.devices[index]; ok {
		return dev.name
	}
	// No wish names it, so it was not looked at.
	if dev, err := net.InterfaceByIndex(index); err == nil {
		return dev.Name
	}
	return fmt.Sprintf("interface %d", index)
}

// list names addresses for a log line: the first few and how many more.
func (k *keeper) list(addrs []held) string {
	const few = 4
	var names []string
	for i, a := range addrs {
		if i == few {
			names = append(names, fmt.Sprintf("and %d more", len(addrs)-few))
			break
		}
		names = append(names, fmt.Sprintf("%s on %s", a.prefix, k.name(a.index)))
	}
	return strings.Join(names, ", ")
}
