"""Documents to passages to vectors to search; knows nothing of questions, answers or HTTP."""
