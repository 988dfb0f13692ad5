"""Clients of the publishers' servers, one small module each; what is fetched, each passport says."""
