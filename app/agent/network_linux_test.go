package agent

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel's own words, in a network of the test's own.
func TestANewAddressIsANetworkThatIsBack(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a network of its own takes root")
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network of its own is to be had here: ", err)
	}
	back := make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	words, err := listenToKernel()
	if err != nil {
		t.Fatal(err)
	}
	work.Go(func() { followNetwork(ctx, slog.New(slog.DiscardHandler), words, func() { back <- struct{}{} }) })
	addAddress(t, netip.MustParsePrefix("127.0.0.9/8"), unix.RT_SCOPE_HOST)
	addAddress(t, netip.MustParsePrefix("192.0.2.9/24"), unix.RT_SCOPE_UNIVERSE)
	addAddress(t, netip.MustParsePrefix("192.0.2.10/24"), unix.RT_SCOPE_UNIVERSE)
	select {
	case <-back:
	case <-time.After(time.Minute):
		t.Fatal("nobody said that the network is back")
	}
	cancel()
	work.Wait()
	if len(back) > 0 {
		t.Errorf("said %d times more, of one burst", len(back))
	}
}

func TestWhatTellsOfANetwork(t *testing.T) {
	message := func(kind uint16, data ...byte) []byte {
		b := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(data)))
		b = binary.NativeEndian.AppendUint16(b, kind)
		b = append(b, make([]byte, 10)...)
		return append(b, data...)
	}
	address := func(scope byte) []byte { return message(unix.RTM_NEWADDR, unix.AF_INET, 24, 0, scope, 1, 0, 0, 0) }
	route := func(bits byte) []byte {
		return message(unix.RTM_NEWROUTE, unix.AF_INET, bits, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0)
	}
	for name, tt := range map[string]struct {
		words []byte
		want  bool
	}{
		"an address":                    {address(unix.RT_SCOPE_UNIVERSE), true},
		"an address of the link":        {address(unix.RT_SCOPE_LINK), false},
		"this machine's own":            {address(unix.RT_SCOPE_HOST), false},
		"a default route":               {route(0), true},
		"a route to a container's net":  {route(16), false},
		"the second word":               {append(address(unix.RT_SCOPE_LINK), route(0)...), true},
		"an address that is taken away": {message(unix.RTM_DELADDR, unix.AF_INET, 24, 0, 0, 1, 0, 0, 0), false},
		"a word cut short":              {message(unix.RTM_NEWADDR, unix.AF_INET), false},
		"no word":                       {[]byte("?"), false},
		"nothing":                       {nil, false},
	} {
		if got := tellsOfNetwork(tt.words); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// addAddress gives the loopback interface an address.
func addAddress(t *testing.T, a netip.Prefix, scope byte) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ip := a.Addr().AsSlice()
	attribute := func(kind uint16) []byte {
		b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(ip)))
		return append(binary.NativeEndian.AppendUint16(b, kind), ip...)
	}
	data := append([]byte{unix.AF_INET, byte(a.Bits()), 0, scope, 1, 0, 0, 0}, attribute(unix.IFA_LOCAL)...)
	data = append(data, attribute(unix.IFA_ADDRESS)...)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(data)))
	b = binary.NativeEndian.AppendUint16(b, unix.RTM_NEWADDR)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_CREATE|unix.NLM_F_ACK)
	b = append(append(b, make([]byte, 8)...), data...)
	if err := unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil || len(messages) == 0 {
		t.Fatal("the kernel's answer cannot be read: ", err)
	}
	if code := int32(binary.NativeEndian.Uint32(messages[0].Data)); code != 0 {
		t.Fatal("the kernel refuses the address: ", syscall.Errno(-code))
	}
}
