package tray

import "context"

func (t *Tray) run(ctx context.Context) error { <-ctx.Done(); return nil }
