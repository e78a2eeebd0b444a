#!/usr/bin/perl
# upper.pl: a handler for wqw-worker --persistent, see wqw-handler(7): each job's payload in capitals.
#
# A line for each job: its file, where in that the payload begins, the file for the result, and variables as NAME=value,
# with a tab between each two. The answer is a line, too: an exit status and, where there is more to say, words.
use strict;
use warnings;
$| = 1;

sub work
{
	my ($path, $offset, $result) = @_;

	open my $job, '<:raw', $path or die "$path: $!";
	seek $job, $offset, 0 or die "$path: $!";
	open my $out, '>>:raw', $result or die "$result: $!";
	print $out uc while <$job>;
	close $out or die "$result: $!";
}

while (my $line = <STDIN>) {
	chomp $line;
	my ($path, $offset, $result, @variables) = split /\t/, $line;
	my %variable = map { split /=/, $_, 2 } @variables;
	print STDERR "tried again\n" if $variable{WQW_ATTEMPT} != 1;
	print eval { work($path, $offset, $result); 1 } ? "0\n" : '1 ' . ($@ =~ s/\n//gr) . "\n";
}
