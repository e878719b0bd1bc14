"""From genotype files to what a person's genes mean: star alleles, medicines, polygenic scores."""
