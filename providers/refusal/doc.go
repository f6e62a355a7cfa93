// Package refusal says what a provider's answer means for a grant when it brings
// no token: Classify, a pure function, and the Failure that it returns.
//
// It reads answers in all the forms in which providers send them (ParseBody,
// Lookup), and knows no provider by name: what one of them says differently from
// the standard is a rule in its entry (ErrorRules), with the source of the rule.
//
// To teach it a new answer, add a rule with its source to the provider's entry,
// and the answer to testdata/classes.jsonl of package providers. Only a code of a
// standard belongs into the table here. An answer that nobody knows is Suspect,
// which costs nobody a grant.
package refusal
