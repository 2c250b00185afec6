package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/cmd/tandem/director"
)

// fullInstances is how many instances are shown in full, unless they are named.
const fullInstances = 20

// printSummary counts the instances by state, those that need an eye first.
func printSummary(w io.Writer, instances []director.InstanceStatus) {
	if len(instances) < 2 {
		return
	}
	counts := make(map[string]int)
	for _, i := range instances {
		counts[i.State]++
	}
	var parts []string
	for _, state := range []string{"MASTER", "BACKUP", "INIT", "FAULT"} {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	fmt.Fprintf(w, "%s: %s\n", plural(len(instances), "instance"), strings.Join(parts, ", "))
}

// troubledFirst orders instances for people: those in FAULT, then those on their
// way, then the others as they are configured.
func troubledFirst(instances []director.InstanceStatus) []director.InstanceStatus {
	return slices.SortedStableFunc(slices.Values(instances), func(a, b director.InstanceStatus) int {
		return cmp.Compare(calmness(a), calmness(b))
	})
}

func calmness(i director.InstanceStatus) int {
	switch {
	case i.State == "FAULT":
		return 0
	case i.State != "MASTER" && i.State != "BACKUP", i.State == "MASTER" && present(i) < len(i.Addresses):
		return 1
	}
	return 2
}

// present counts the addresses that the kernel has.
func present(i director.InstanceStatus) (n int) {
	for _, a := range i.Addresses {
		if a.Present {
			n++
		}
	}
	return n
}

// printLine writes an instance in a line.
func printLine(w io.Writer, at time.Time, i director.InstanceStatus) {
	fmt.Fprintf(w, "instance %s\t%s for %s\t%s vrid %d\tpriority %d\t%d of %s here\t%s\n", i.Name, i.State, age(at, i.Since),
		i.Interface, i.VRID, i.Priority, present(i), addresses(len(i.Addresses)), i.Reason)
}

func addresses(n int) string {
	if n == 1 {
		return "1 address"
	}
	return fmt.Sprintf("%d addresses", n)
}

// only leaves the instances of these names, in that order; none are all.
func only(instances []director.InstanceStatus, names []string) ([]director.InstanceStatus, error) {
	if len(names) == 0 {
		return instances, nil
	}
	var found []director.InstanceStatus
	var unknown []error
	for _, name := range names {
		i := slices.IndexFunc(instances, func(i director.InstanceStatus) bool { return i.Name == name })
		if i < 0 {
			unknown = append(unknown, fmt.Errorf("no vrrp_instance %s runs here; tandem status names those that do", name))
			continue
		}
		found = append(found, instances[i])
	}
	return found, errors.Join(unknown...)
}
