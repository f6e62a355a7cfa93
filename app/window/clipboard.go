package window

import (
	"crypto/sha256"
	"time"

	"fyne.io/fyne/v2"
)

// loan is how long a copied token stays in the clipboard.
const loan = 30 * time.Second

// clipboard lends tokens to the desktop's clipboard and takes them back. It
// remembers a token's digest only.
type clipboard struct {
	fyne.Clipboard
	out  surroundings
	lent [sha256.Size]byte
	stop func() // nil: nothing is lent
}

// lend copies a secret; after 30 seconds it is gone, if it is still there.
func (c *clipboard) lend(secret string) {
	if c.stop != nil {
		c.stop()
	}
	c.SetContent(secret)
	c.lent = sha256.Sum256([]byte(secret))
	c.stop = c.out.after(loan, func() { c.out.do(c.takeBack) })
}

// takeBack clears the clipboard if it still holds what was lent.
func (c *clipboard) takeBack() {
	if c.stop == nil {
		return
	}
	c.stop()
	c.stop = nil
	if sha256.Sum256([]byte(c.Content())) == c.lent {
		c.SetContent("")
	}
}
