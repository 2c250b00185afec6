package director

import (
	"fmt"
	"time"

	"github.com/tandem-ha/tandem/vrrp/notify/deliver"
)

// viewNotify shows what has been told to whom, and what could not be.
func viewNotify(c deliver.Counts, troubles []deliver.Trouble) NotifyStatus {
	s := NotifyStatus{
		Programs: c.Programs, Failed: c.Failed, Refused: c.Refused, Killed: c.Killed, Skipped: c.Skipped,
		LinesDropped: c.LinesDropped, Mails: c.Mails, MailsFailed: c.MailsFailed, MailsGivenUp: c.MailsGivenUp,
	}
	for _, t := range troubles {
		s.Troubles = append(s.Troubles, TroubleStatus(t))
	}
	return s
}

// fewTroubles is how many notifications that fail a status names.
const fewTroubles = 5

// untold says which notifications fail, and what was lost for good.
func untold(s NotifyStatus, at time.Time) (found []string) {
	for i, t := range s.Troubles {
		if i == fewTroubles && len(s.Troubles) > fewTroubles+1 {
			found = append(found, fmt.Sprintf("%d more notifications fail; tandem status --json shows them", len(s.Troubles)-i))
			break
		}
		found = append(found, fmt.Sprintf("%s has failed %s ago: %s", t.What, max(at.Sub(t.At), 0).Round(100*time.Millisecond), t.Why))
	}
	if s.MailsGivenUp > 0 {
		found = append(found, fmt.Sprintf("mail: %d changes of state were never sent", s.MailsGivenUp))
	}
	if s.LinesDropped > 0 {
		found = append(found, fmt.Sprintf("pipes: %d lines were dropped because nobody reads them", s.LinesDropped))
	}
	return found
}
