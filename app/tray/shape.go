package tray

import "github.com/authtray/authtray/tokens"

// Shape is what the icon looks like. The three differ in shape, not in colour alone.
type Shape int

const (
	Fine     Shape = iota // nothing to do, or nothing connected
	Working               // something is under way and the user need not act
	NeedsYou              // something does not go on without the user
)

func (s Shape) String() string { return [...]string{"fine", "working", "needs you"}[s] }

// ShapeOf is the icon's shape: that of the connection that is worst off.
func ShapeOf(all []tokens.Status) Shape {
	worst := Fine
	for _, st := range all {
		worst = max(worst, shapeOf(st))
	}
	return worst
}

// shapeOf is the table behind ShapeOf. A grant that is not in the keychain yet
// needs the user: it is lost if the agent ends.
func shapeOf(st tokens.Status) Shape {
	switch st.State {
	case tokens.ReconnectRequired, tokens.Misconfigured, tokens.KeychainLocked:
		return NeedsYou
	case tokens.Connecting, tokens.Retrying:
		return worse(Working, st.Unsaved)
	}
	return worse(Fine, st.Unsaved)
}

func worse(s Shape, unsaved bool) Shape {
	if unsaved {
		return NeedsYou
	}
	return s
}
