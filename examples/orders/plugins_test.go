package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGeocode(t *testing.T) {
	s := &shop{}
	o := &Order{ShipTo: "A, 1 Road, York, gb"}
	require.NoError(t, s.geocode(context.Background(), o))
	assert.Equal(t, "A, 1 Road, York, GB", o.ShipTo)

	o.ShipTo = "A, general delivery, York, GB"
	require.ErrorContains(t, s.geocode(context.Background(), o), "no street")

	o.ShipTo = "A, PO box 1, York, GB"
	require.NoError(t, s.geocode(context.Background(), o))
	left, leave := context.WithCancelCause(context.Background())
	leave(errCustomerLeft)
	require.ErrorIs(t, s.geocode(left, o), errCustomerLeft)
}
