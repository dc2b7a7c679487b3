"""Where Ledgerdesk runs: the sample desk, the topics, one machine (`local`), images."""
