package providers

import "slices"

// Hosts are the hosts that the connection answers for when a tool asks by host:
// what its file says, else those of the entry (api.git and api.hosts), without
// those that a variable was not given for. "*.example.org" and a port are
// allowed, and in a file a path. The slice is the caller's.
func (c *Client) Hosts() []string {
	if len(c.conn.Hosts) > 0 {
		return slices.Clone(c.conn.Hosts)
	}
	all := slices.Concat(c.entry.API.Git, c.entry.apiHosts())
	slices.Sort(all)
	return slices.Compact(all)
}
