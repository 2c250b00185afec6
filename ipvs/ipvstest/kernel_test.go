package ipvstest

import (
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
)

func TestConformance(t *testing.T) {
	Conformance(t, func(*testing.T) ipvs.Kernel { return New(nil) })
}

func TestConformanceOfDrift(t *testing.T) {
	ConformanceOfDrift(t, func(*testing.T) ipvs.Kernel { return New(nil) })
}

func TestConformanceOfTimeouts(t *testing.T) { ConformanceOfTimeouts(t, New(nil)) }

func TestConformanceOfDaemons(t *testing.T) { ConformanceOfDaemons(t, New(nil)) }

func TestConformanceOfMixedFamilies(t *testing.T) { ConformanceOfMixedFamilies(t, New(nil)) }
