"""The command line, `ledgerdesk`: one module a command, imported only when it is called."""
