package doctor

import "context"

// socketCheck: a pipe has no file, and is made with its descriptor.
func socketCheck(_ context.Context, p Input) Check {
	return fine("socket", "The pipe is %s.", p.Paths.Socket)
}
