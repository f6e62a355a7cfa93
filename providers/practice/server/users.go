package server

// user is one of the people of the practice provider. Nobody has a password.
type user struct {
	ID, Name, Given, Family, Email string
}

var users = []user{
	{ID: "ada", Name: "Ada Lovelace", Given: "Ada", Family: "Lovelace", Email: "ada@practice.example"},
	{ID: "grace", Name: "Grace Hopper", Given: "Grace", Family: "Hopper", Email: "grace@practice.example"},
}

// findUser knows a user by id or e-mail address, as a login_hint names them.
func findUser(name string) (user, bool) {
	for _, u := range users {
		if name == u.ID || name == u.Email {
			return u, true
		}
	}
	return user{}, false
}

// Initials are shown in place of a picture.
func (u user) Initials() string { return u.Given[:1] + u.Family[:1] }
