package providers

// RejectedNeedsBody says whether Rejected has to see the body of an answer of
// this status. Where it need not, an answer can be passed on as it comes.
func (c *Client) RejectedNeedsBody(status int) bool {
	for _, s := range forStatus(c.entry.API.Dead, status) {
		if r, err := parseRule(s); err == nil && (r.code != "" || r.where != nil) {
			return true
		}
	}
	return false
}
