package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/hooktx/hooks"
)

// audit compares five accounts of one run: what the sender was answered, what the
// reports say, what is in the database, what the receiver has taken, and what the
// metrics count.
func (r *Run) audit(ctx context.Context, w io.Writer, store *Store, receiver *Receiver, m hooks.Metrics) error {
	rows, err := store.rows(ctx)
	if err != nil {
		return err
	}
	notes, _ := receiver.Taken()
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }

	var executions, commits, written int64
	for _, p := range r.Posts() {
		if p.Verdict.Report == nil {
			complain("%s: answered %d, and no execution is known for it", p.Delivery, p.Code)
			continue
		}
		executions++
		committed := p.Verdict.Report.Committed
		if committed != (p.Code == http.StatusOK) {
			complain("%s: answered %d, but committed is %v", p.Delivery, p.Code, committed)
		}
		row, exists := rows[p.Delivery]
		stored, _ := p.Verdict.Stored()
		switch {
		case !committed && exists:
			complain("%s: rolled back, but it has a row", p.Delivery)
		case committed && !exists:
			complain("%s: committed, but it has no row", p.Delivery)
		case committed && (row.key != stored.Key || !row.settled || len(row.body) != stored.Bytes):
			complain("%s: committed as %+v, but its row has %d bytes, key %s, settled %v",
				p.Delivery, stored, len(row.body), row.key, row.settled)
		}
		if !committed {
			continue
		}
		commits++
		if stored.Duplicate {
			continue
		}
		written++
		if found := new(Redacted); found.text(row.body) != row.body {
			complain("%s: stored with %+v in its body", p.Delivery, *found)
		}
	}
	if n := int64(len(rows)); n < written {
		complain("%d rows, but %d were written", n, written)
	}
	kept := map[string]int{} // notes by delivery
	for _, note := range notes {
		kept[note.Delivery]++
	}
	for _, p := range r.First {
		want := 0
		if stored, ok := p.Verdict.Stored(); ok && !stored.Duplicate {
			want = 1
		}
		if got := kept[p.Delivery]; got != want {
			complain("%s: the receiver has %d notes in place of %d", p.Delivery, got, want)
		}
	}
	if m.Executions != executions || m.Commits != commits || m.Failures != executions-commits {
		complain("the metrics count %d = %d + %d executions, the reports %d = %d + %d",
			m.Executions, m.Commits, m.Failures, executions, commits, executions-commits)
	}
	if m.AbandonedNow != 0 || m.LateEnds != m.AbandonedEver {
		complain("%d calls were abandoned, %d ended, %d are still running", m.AbandonedEver, m.LateEnds, m.AbandonedNow)
	}

	for _, line := range wrong {
		fmt.Fprintln(w, "WRONG:", line)
	}
	if wrong != nil {
		return fmt.Errorf("%d accounts do not agree", len(wrong))
	}
	fmt.Fprintf(w, "agreement    answers, reports, metrics, %d rows and %d notes: all agree\n", len(rows), len(notes))
	return nil
}

// A row is what audit looks at of a delivery in the database.
type row struct {
	key, body string
	settled   bool
}

func (s *Store) rows(ctx context.Context) (map[string]row, error) {
	found, err := s.db.QueryContext(ctx, `SELECT delivery, key, body, settled FROM deliveries`)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	rows := map[string]row{}
	for found.Next() {
		var delivery string
		var r row
		if err := found.Scan(&delivery, &r.key, &r.body, &r.settled); err != nil {
			return nil, err
		}
		rows[delivery] = r
	}
	return rows, found.Err()
}
