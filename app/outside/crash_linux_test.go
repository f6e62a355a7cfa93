package outside

import "os"

const crashing = "AUTHTRAY_TEST_CRASH"

func crash() { os.Exit(3) }
