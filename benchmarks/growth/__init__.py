"""How fit time, memory and sampling speed grow with rows and columns: made tables, cases, figures."""
