"""portal: the customers' pages.

Owns the projection `pages`: topics, plans, and each ticket with its conversation and
timeline, from public events only. Says nothing: what customers do goes to the services
that own it, signed, and comes back as events.

Works without JavaScript. Links show on GET and act only on POST.
"""
