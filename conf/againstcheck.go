package conf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/healthcheck"
)

// unlikeChecks names the first thing in which the checks of a server differ; empty:
// none.
func unlikeChecks(here, there []healthcheck.Spec) string {
	if len(here) != len(there) {
		return fmt.Sprintf("%d here, %d there", len(here), len(there))
	}
	for i, a := range here {
		if what := unlikeCheck(a, there[i]); what != "" {
			return what
		}
	}
	return ""
}

// unlikeCheck names the first thing in which two checks differ. Each director asks
// from an address of its own.
func unlikeCheck(a, b healthcheck.Spec) string {
	switch {
	case a.Kind != b.Kind:
		return fmt.Sprintf("%s here, %s there", a.Kind, b.Kind)
	case a.Target != b.Target:
		return fmt.Sprintf("at %s here, %s there", a.Target, b.Target)
	case a.Timeout != b.Timeout:
		return fmt.Sprintf("connect_timeout %s here, %s there", inSeconds(a.Timeout), inSeconds(b.Timeout))
	case a.Interval != b.Interval:
		return fmt.Sprintf("delay_loop %s here, %s there", inSeconds(a.Interval), inSeconds(b.Interval))
	case a.Retries != b.Retries:
		return fmt.Sprintf("retry %d here, %d there", a.Retries, b.Retries)
	case a.RetryDelay != b.RetryDelay:
		return fmt.Sprintf("delay_before_retry %s here, %s there", inSeconds(a.RetryDelay), inSeconds(b.RetryDelay))
	case len(a.HTTP) != len(b.HTTP):
		return fmt.Sprintf("url %d times here, %d times there", len(a.HTTP), len(b.HTTP))
	}
	for i, u := range a.HTTP {
		if what := unlikeURL(u, b.HTTP[i]); what != "" {
			return what
		}
	}
	return ""
}

// unlikeURL names the first thing in which two requests differ.
func unlikeURL(a, b healthcheck.URL) string {
	switch {
	case a.Path != b.Path:
		return fmt.Sprintf("path %s here, %s there", quote(a.Path), quote(b.Path))
	case a.VirtualHost != b.VirtualHost:
		return fmt.Sprintf("virtualhost %s here, %s there", quote(a.VirtualHost), quote(b.VirtualHost))
	case !slices.Equal(a.Status, b.Status):
		return fmt.Sprintf("status_code %s here, %s there", codes(a.Status), codes(b.Status))
	case a.Digest != b.Digest:
		return fmt.Sprintf("digest %s here, %s there", quote(a.Digest), quote(b.Digest))
	}
	return ""
}

// codes are ranges of HTTP status codes as the file would say them.
func codes(sets []healthcheck.StatusSet) string {
	if len(sets) == 0 {
		return "200-299"
	}
	var words []string
	for _, s := range sets {
		if s.From == s.To {
			words = append(words, fmt.Sprint(s.From))
		} else {
			words = append(words, fmt.Sprintf("%d-%d", s.From, s.To))
		}
	}
	return strings.Join(words, " ")
}
