"""The comparison with other graders (``peers``) and the samples of the demonstration (``demo``)."""
