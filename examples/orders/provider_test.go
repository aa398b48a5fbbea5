package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startPayer starts a provider with its client. statement stops both.
func startPayer(t *testing.T) (pay *payer, statement func() []movement) {
	t.Helper()
	p, err := startProvider()
	require.NoError(t, err)
	pay = newPayer(p.URL)
	t.Cleanup(func() {
		pay.close()
		assert.NoError(t, p.server.Close())
	})
	return pay, func() []movement {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		pay.close()
		movements, err := p.stop(ctx)
		require.NoError(t, err)
		return movements
	}
}

func TestProviderChargesAKeyOnce(t *testing.T) {
	pay, statement := startPayer(t)
	ctx := context.Background()
	first, err := pay.charge(ctx, "k", "o-1", "tok_visa", 500)
	require.NoError(t, err)
	again, err := pay.charge(ctx, "k", "o-1", "tok_visa", 500)
	require.NoError(t, err)
	assert.False(t, first.Replayed)
	assert.Equal(t, receipt{first.ID, 500, true}, again, "the old answer, and a word that it is old")

	_, err = pay.charge(ctx, "k", "o-1", "tok_visa", 600)
	assert.ErrorIs(t, err, errRefused, "a key means one charge, not two")
	assert.Equal(t, []movement{{"k", "o-1", 500}}, statement())
}

func TestLostAnswerIsAskedForAgain(t *testing.T) {
	pay, statement := startPayer(t)
	r, err := pay.charge(context.Background(), "k", "o-1", "tok_flaky", 500)
	require.NoError(t, err)
	assert.True(t, r.Replayed)
	assert.Equal(t, []movement{{"k", "o-1", 500}}, statement())
}

func TestRefundIsMadeOnce(t *testing.T) {
	pay, statement := startPayer(t)
	ctx := context.Background()
	for _, card := range []string{"tok_visa", "tok_500_booked", "tok_reset", "tok_declined"} {
		_, _ = pay.charge(ctx, card, "o-1", card, 500) // whatever comes of it
		require.NoError(t, pay.refund(ctx, card))
		require.NoError(t, pay.refund(ctx, card))
	}
	assert.Equal(t, []movement{
		{"tok_visa", "o-1", 500}, {"tok_visa", "o-1", -500},
		{"tok_500_booked", "o-1", 500}, {"tok_500_booked", "o-1", -500},
		{"tok_reset", "o-1", 500}, {"tok_reset", "o-1", -500},
	}, statement())
}

func TestRefundMayOvertakeItsCharge(t *testing.T) {
	pay, statement := startPayer(t)
	ctx := context.Background()
	require.NoError(t, pay.refund(ctx, "k"))
	_, err := pay.charge(ctx, "k", "o-1", "tok_visa", 500)
	require.ErrorIs(t, err, errDeclined, "nobody may think that this was paid")
	require.NoError(t, pay.refund(ctx, "k"))
	assert.Equal(t, []movement{{"k", "o-1", 500}, {"k", "o-1", -500}}, statement())
}

func TestSlowChargeIsBookedAfterTheClientLeft(t *testing.T) {
	pay, statement := startPayer(t)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := pay.charge(ctx, "k", "o-1", "tok_slow", 500)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, []movement{{"k", "o-1", 500}}, statement())
}

func TestProviderKnowsStolenCards(t *testing.T) {
	pay, _ := startPayer(t)
	for card, want := range map[string]string{"tok_visa": goodStanding, "tok_stolen": "reported stolen"} {
		standing, err := pay.standing(context.Background(), card)
		require.NoError(t, err)
		assert.Equal(t, want, standing, card)
	}
	_, err := pay.standing(context.Background(), "tok/none")
	assert.ErrorContains(t, err, "404", "nothing is known of it, not even good")
}

func TestUnreachableProviderIsToldApart(t *testing.T) {
	p, err := startProvider()
	require.NoError(t, err)
	require.NoError(t, p.server.Close())
	pay := newPayer(p.URL)
	defer pay.close()
	_, err = pay.charge(context.Background(), "k", "o-1", "tok_visa", 500)
	assert.ErrorIs(t, err, errNotSent, "what was never sent was never charged")
}
